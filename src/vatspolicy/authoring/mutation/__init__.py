"""Mutation: what the tests of the policies would not notice.

A mutant is a policy with one small mistake in it. A test that fails on the mutant kills it; a mutant that no test kills
shows a place of the law that nothing watches.
"""
