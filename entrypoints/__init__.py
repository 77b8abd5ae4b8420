"""One file a step: compose the configuration, call one function of clv.pipeline."""
