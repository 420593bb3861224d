"""must() aborts and says where; checked arithmetic says when the result does not fit."""

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

HEADERS = Path(__file__).parents[2] / "ext" / "tidegate" / "native"
PROGRAM = r"""
#include "invariant.h"
#include <inttypes.h>
#include <string.h>
int main(int count, char **arguments)
{
    int64_t left, right, result = 0;
    if (count < 4) {
        must(count == 2);
        puts("held");
        return 0;
    }
    for (int at = 2; at + 1 < count; at += 2) {
        left = strtoll(arguments[at], NULL, 10);
        right = strtoll(arguments[at + 1], NULL, 10);
        bool fits = !strcmp(arguments[1], "mul") ? mul_checked(left, right, &result)
                  : !strcmp(arguments[1], "add") ? add_checked(left, right, &result)
                                                 : sub_checked(left, right, &result);
        if (fits)
            printf("%" PRId64 "\n", result);
        else
            puts("overflow");
    }
    return 0;
}
"""
LOWEST, HIGHEST = -(2**63), 2**63 - 1
OPERATORS = {
    "mul": lambda left, right: left * right,
    "add": lambda left, right: left + right,
    "sub": lambda left, right: left - right,
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler on the path")
    built = tmp_path_factory.mktemp("invariant") / "program"
    source = built.with_suffix(".c")
    source.write_text(PROGRAM)
    flags = ["-std=c11", "-O2", f"-I{HEADERS}", str(source), "-o", str(built)]
    subprocess.run([compiler, *flags], check=True)
    return str(built)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True)


def test_an_invariant_that_holds_costs_nothing(program: str) -> None:
    assert run(program, "once").stdout == "held\n"


def test_a_violated_invariant_aborts_and_says_where(program: str) -> None:
    done = run(program)
    assert done.returncode == -signal.SIGABRT
    assert "invariant violated at" in done.stderr
    assert "program.c:9 in main" in done.stderr


@pytest.mark.parametrize("operation", OPERATORS)
def test_checked_arithmetic_is_exact_or_says_overflow(program: str, operation: str) -> None:
    values = [LOWEST, LOWEST + 1, -(2**62), -4, -1, 0, 1, 2, 4, 2**62, HIGHEST]
    pairs = [(left, right) for left in values for right in values]
    exact = [OPERATORS[operation](left, right) for left, right in pairs]
    expected = [str(value) if LOWEST <= value <= HIGHEST else "overflow" for value in exact]
    words = [str(value) for pair in pairs for value in pair]
    assert run(program, operation, *words).stdout.splitlines() == expected
