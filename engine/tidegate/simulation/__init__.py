"""The simulator: the real agents of all stages in one thread, under virtual time and a seed.

What happens is drawn from the seed alone: who works next, what clients ask for, which frames are
lost, which stage is killed. Nothing depends on threads, addresses or a clock, so that a seed and
a commit reproduce a failure exactly.
"""
