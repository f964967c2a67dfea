"""Mutation testing of policies: mistakes that the tests do not detect.

A mutant is a policy with one small mistake in it. A test that fails on the mutant kills it; a mutant that survives all
tests shows an untested place of the law.
"""
