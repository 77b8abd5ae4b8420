"""What each metric is called on a page, what it says in one sentence, and which side is better."""

EXPLAINED = {
    "rmse": "RMSE is the root of the mean squared error per customer, in currency: lower is better, and large errors weigh most.",
    "mae": "MAE is the mean error per customer, in currency: lower is better, but zero for everybody looks good.",
    "r2": "R2 is the share of the variance of revenue that the predictions explain: 1 is perfect, 0 is the mean for everybody.",
    "spearman": "Spearman is the correlation of the predicted and the actual rank: 1 is the same order, 0 is random.",
    "normalized_gini": "The normalized Gini says how well the ranking finds the customers who bring the revenue: 0 is random, 1 is perfect.",
    "top_decile_share": "The top decile share is the share of all revenue that came from the tenth of the customers with the highest "
    "predictions: 10 % is random.",
    "bias": "Bias is predicted over actual revenue of all customers together: 1 (100 %) is right, above it too much was predicted.",
}
NAMES = {
    "rmse": "Error per customer (RMSE)",
    "mae": "Mean error (MAE)",
    "r2": "Variance explained (R2)",
    "spearman": "Order of all customers (Spearman)",
    "normalized_gini": "Ranking by revenue (normalized Gini)",
    "top_decile_share": "Revenue of the best tenth (top decile share)",
    "bias": "Predicted total (bias)",
}
SHORT = {"rmse": "RMSE", "mae": "MAE", "r2": "R2", "spearman": "Spearman", "normalized_gini": "Gini"} | {
    "top_decile_share": "best tenth",
    "bias": "total",
}


def explained(metrics: list[str]) -> list[str]:
    """Returns the sentences of the metrics that a page shows, in their order; a metric without a sentence has none."""
    return [EXPLAINED[metric] for metric in metrics if metric in EXPLAINED]
