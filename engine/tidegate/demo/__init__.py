"""The demo: six strategy processes trade recorded markets through the engine; then the proofs."""
