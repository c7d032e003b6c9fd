# Columns of R's model.matrix for functions of columns, for the data of a model and for new data (predict's
# model frame), for tests/design/test_functions_like_r.py; writes design_functions.json beside this file.
# Run with:  Rscript tests/reference/design_functions.R
library(jsonlite)
library(splines)
set.seed(2)
n <- 40
data <- data.frame(
  y = round(rnorm(n), 3), x = round(rexp(n) + 0.1, 3), z = round(rnorm(n, 100, 15), 2),
  f = factor(rep(c("a", "b", "c", "d"), length.out = n)), h = rep(c("p", "q"), each = 5, length.out = n)
)
new <- data.frame(x = c(0.5, 1.25, 9, 0.01), z = c(80, 100, 190, 120.5), f = factor(c("d", "a", "b", "c")),
  h = c("q", "q", "p", "p")
)
formulas <- c(
  "y ~ log(x) + exp(x) + sqrt(x) + abs(z)", "y ~ log(x + 1):f", "y ~ log2(x) + log10(x) + log1p(x)",
  "y ~ scale(x) + scale(z, scale = FALSE)", "y ~ scale(x, center = FALSE)", "y ~ scale(log(x))*h",
  "y ~ poly(x, 2)", "y ~ poly(z, 5)", "y ~ poly(x, 3, raw = TRUE)", "y ~ poly(log(x), 2):f", "y ~ poly(x, 1)",
  "y ~ bs(x, df = 5)", "y ~ bs(z, df = 4, degree = 2)", "y ~ bs(x, df = 3)", "y ~ ns(x, df = 1)", "y ~ ns(x, df = 3)*h",
  "y ~ ns(z, df = 5)", "y ~ C(f, sum)", "y ~ C(f, helmert)*h", "y ~ 0 + C(f, sum)", "y ~ h:C(f, sum)",
  "y ~ C(f, treatment)", "y ~ I((x > 1) * 1)", "y ~ I(x^2) + I((z >= 100) - (f == 'b'))", "y ~ h/x", "y ~ (f + h + x)^2",
  "y ~ f %in% h", "y ~ (f + h)/x", "y ~ f/h/x",
  "y ~ cut(x, c(-Inf, 0.5, 1, Inf))", "y ~ cut(x, c(0, 0.7, 1.25, 20), right = FALSE)*h",
  "y ~ cut(z, c(60, 100, 115.25, 200), include.lowest = TRUE)", "y ~ 0 + cut(z, c(0, 99.5, 1000))",
  "y ~ cut(log(x), c(-10, 0, 5), labels = c('low', 'high')):z", "y ~ ordered(f)", "y ~ 0 + ordered(f) + h",
  "y ~ ordered(f, levels = c('c', 'a', 'd', 'b'))*h", "y ~ C(f, poly)", "y ~ factor(f, levels = c('d', 'b', 'a', 'c'))",
  "y ~ bs(x, knots = c(1, 2))", "y ~ bs(z, knots = 100, degree = 2)", "y ~ ns(x, knots = c(0.5, 1, 2))*h",
  "y ~ bs(x, knots = 1, Boundary.knots = c(0, 12))", "y ~ ns(z, df = 3, Boundary.knots = c(80, 120))",
  "y ~ I(x > 1 & (f == 'b' | !(z >= 100)))", "y ~ I(x > 1 | z < 90) + I(x & z > 100)"
)
columns <- lapply(formulas, function(f) {
  frame <- model.frame(as.formula(f), data)
  m <- model.matrix(as.formula(f), frame)
  terms <- delete.response(attr(frame, "terms"))
  xlevels <- .getXlevels(terms, frame)
  p <- suppressWarnings(model.matrix(terms, model.frame(terms, new, xlev = xlevels), contrasts.arg = attr(m, "contrasts")))
  list(formula = f, names = I(colnames(m)), X = unname(matrix(m, nrow(m))), new = unname(matrix(p, nrow(p))))
})
frame <- data
frame$f <- as.character(data$f)
new$f <- as.character(new$f)
write_json(
  list(r = R.version.string, data = as.list(frame), new = as.list(new), models = columns),
  "tests/reference/design_functions.json", digits = NA, auto_unbox = TRUE
)
