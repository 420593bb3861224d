"""Compiles the example strategy against an installed tidegate, as a user's setup.py does."""

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

import tidegate

include = tidegate.get_include()
headers = [f"{include}/tidegate/native", numpy.get_include()]
extension = Extension("strategy", ["strategy.pyx"], include_dirs=headers)
setup(name="strategy", ext_modules=cythonize(extension, include_path=[include], language_level=3))
