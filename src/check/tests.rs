//! Tests of the whole: models against budgets and baselines.
