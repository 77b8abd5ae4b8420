"""Customer lifetime value: predict, rank, cluster, monitor, and let a person decide which model is in production."""
