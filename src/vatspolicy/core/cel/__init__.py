"""The expression language: a closed, typed subset of CEL, parsed, checked, evaluated and translated."""
