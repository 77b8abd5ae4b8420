"""The engine in a notebook: a table of purchases in, customers ranked by what they will bring out. Run it: python docs/example.py"""

import clv
from clv.simulate import simulate

# A shop of two years with 700 customers. Your own table has the same three columns: customer_id, order_date, revenue.
purchases, _ = simulate(700, "2024-01-01", 730, seed=3)
print(purchases.head(3).to_string(index=False))

# Fit on the past, and measure on the newest 90 days, which the model has not seen.
fitted = clv.fit(purchases, horizon_days=90, overrides={"model.chains": ["btyd"]})
columns = ["recipe", "customers", "rmse", "normalized_gini", "bias"]
print(f"\nMeasured on the 90 days from {fitted.learnt_until}:")
print(fitted.metrics[columns].round(3).to_string(index=False))

# Predict the next 90 days, and rank.
ranked = clv.predict(fitted, purchases)
print(f"\n{len(ranked)} customers, {ranked['predicted_clv'].sum():,.0f} expected in the next 90 days:")
print(ranked[["clv_rank", "customer_id", "predicted_clv", "lifecycle_stage"]].head(5).round(2).to_string(index=False))

# Was that luck? Two more days of the past, each with what was known then.
board = clv.backtest(purchases, cutoffs=["2025-04-01", "2025-07-01"], overrides={"model.chains": ["btyd"]})
print("\nAt two days of the past:")
print(board[["cutoff", *columns]].query("recipe in ['clv', 'naive_rate']").round(3).to_string(index=False))
