"""The bundle as a whole: findings over all profiles and days, and properties of the law."""
