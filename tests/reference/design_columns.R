# Columns of R's model.matrix for tests/design/test_coding_like_r.py; writes design_columns.json beside this file.
# Run with:  Rscript tests/reference/design_columns.R
library(jsonlite)
set.seed(1)
n <- 36
data <- data.frame(
  y = round(rnorm(n), 3), x = round(rnorm(n), 3), z = round(runif(n), 3),
  a = factor(rep(c("A", "B", "C"), length.out = n)),
  b = factor(rep(c("no", "yes"), each = 3, length.out = n), levels = c("yes", "no")),
  d = factor(rep(c("p", "q"), each = 6, length.out = n)),
  k = rep(c(1L, 10L, 2L, 1L), length.out = n),
  flag = rep(c(TRUE, FALSE, FALSE, TRUE, TRUE), length.out = n)
)
formulas <- c(
  "y ~ x + a", "y ~ a*b", "y ~ a*b*x", "y ~ a*b*d", "y ~ 0 + a + b", "y ~ 0 + x + a", "y ~ 0 + a*b",
  "y ~ a:b", "y ~ 0 + a:b", "y ~ a + a:b", "y ~ b + a:b", "y ~ x:a", "y ~ x + x:a", "y ~ a + x:a",
  "y ~ a:b + b:x", "y ~ a:x + a:d", "y ~ x:z + a:x", "y ~ 0 + x:z + a:x", "y ~ x*z + I(x^2)", "y ~ 0 + x + x:a",
  "y ~ factor(k) + flag", "y ~ x:flag + factor(k):z", "y ~ I((x - 1) * z / 2 + x^3) + I(-x)", "y ~ 0 + a:b:d + x", "y ~ 1"
)
columns <- lapply(formulas, function(f) {
  m <- model.matrix(as.formula(f), data)
  list(formula = f, names = I(colnames(m)), X = unname(matrix(m, nrow(m))))
})
frame <- data
frame$a <- as.character(data$a); frame$b <- as.character(data$b); frame$d <- as.character(data$d)
write_json(
  list(r = R.version.string, data = as.list(frame), levels = lapply(data[c("a", "b", "d")], levels), models = columns),
  "tests/reference/design_columns.json", digits = NA, auto_unbox = TRUE
)
