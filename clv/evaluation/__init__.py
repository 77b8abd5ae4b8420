"""How good predictions are: metrics, the recipes to beat, a candidate beside the version in production, and the gates."""
