"""Analysis of a bundle over all profiles and days: findings, and properties of the law."""
