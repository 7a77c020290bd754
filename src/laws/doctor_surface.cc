// What a fitted surface says of a table, and the parts that all rules share.
#include <algorithm>
#include <cmath>

#include "laws/doctor.h"
#include "laws/words.h"

namespace isoflop::laws {

std::vector<std::pair<double, double>> pairs_of(const Observations& table, const std::string& x, const std::string& y) {
  std::vector<std::pair<double, double>> pairs;
  const Column *a = find_column(table, x), *b = find_column(table, y);
  if (a == nullptr || b == nullptr) return pairs;
  for (std::size_t row = 0; row < table.labels.size(); ++row)
    if ((*a)[row] && (*b)[row] && *(*a)[row] > 0 && *(*b)[row] > 0) pairs.emplace_back(*(*a)[row], *(*b)[row]);
  return pairs;
}

std::vector<double> values_of(const Observations& table, const std::string& name) {
  std::vector<double> values;
  for (const auto& [value, same] : pairs_of(table, name, name)) values.push_back(value);
  return values;
}

std::string missing_of(const Observations& table, const std::vector<std::string>& columns) {
  for (const std::string& column : columns)
    if (values_of(table, column).empty()) return column;
  std::string all;  // each has some, and no row has all
  for (const std::string& column : columns) all += (all.empty() ? "" : " beside ") + column;
  return all;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Findings::add(const std::string& rule, Verdict verdict, const std::string& text, const std::string& source,
                   const std::string& remedy) {
  list.push_back({rule, verdict, text, source, verdict == Verdict::good || verdict == Verdict::unseen ? "" : remedy});
}

void Findings::unseen(const std::string& rule, const std::string& what, const std::string& source) {
  add(rule, Verdict::unseen, "no column " + what, source, "");
}

void Findings::too_few(const std::string& rule, std::size_t rows, std::size_t needed) {
  add(rule, Verdict::unseen, plural(rows, "row") + ", and it takes " + std::to_string(needed), "", "");
}

void examine_surface(const Observations& table, const FitOptions& asked, Findings& findings) {
  FitOptions options = asked;
  options.allow_repeated = true;
  options.bootstrap = 200;
  const std::size_t rows = pairs_of(table, options.n_column, "tokens").size();
  if (rows == 0 || values_of(table, options.loss_column).empty())
    return findings.unseen("what a surface says", missing_of(table, {options.n_column, "tokens", options.loss_column}), "");
  if (rows < 8) return findings.too_few("what a surface says", rows, 8);
  const FitResult robust = fit_law(table, "chinchilla", options);
  if (!robust.fit) {
    const std::string why = robust.warnings.empty() ? "" : ": " + robust.warnings.back().text;
    return findings.add("what a surface says", Verdict::bad, "no law of N and D" + why, "",
                        "train each budget at several sizes, so that N and D vary apart");
  }
  const auto warned = [&](const std::string& code) {
    return std::any_of(robust.warnings.begin(), robust.warnings.end(), [&](const Warning& w) { return w.code == code; });
  };
  const double floor = robust.fit->constants.at("E");
  const auto e = robust.fit->intervals.find("E");  // none where every draw has the same, as a floor at 0
  const bool bounded = e != robust.fit->intervals.end();
  findings.add("floor",
      warned("floor_not_identified") || !bounded     ? Verdict::bad
      : e->second.high - e->second.low > 0.3 * floor ? Verdict::doubtful
                                                     : Verdict::good,
      "E = " + people(floor) + (bounded ? ", from " + people(e->second.low) + " to " + people(e->second.high) : std::string()),
      "misfitted tables give E = 0 at R2 = .970", "runs at larger N and D, or --fix E=…");
  const auto exponent = robust.fit->derived.find("a");
  if (exponent != robust.fit->derived.end() && exponent->second.interval) {
    const Interval a = *exponent->second.interval;
    findings.add("exponent of the optimum",
                 a.high - a.low > 0.2   ? Verdict::bad
                 : a.high - a.low > 0.1 ? Verdict::doubtful
                                        : Verdict::good,
        "a of N*(C) = " + people(exponent->second.value) + ", from " + people(a.low) + " to " + people(a.high),
        "allocation is harder than loss: rows below 1e20 forecast the loss to 1.1 % and a = .602 instead of .514",
        "more budgets, and sizes on both sides of each minimum");
  } else {
    findings.add("exponent of the optimum", Verdict::bad, "a of N*(C) has no interval: the rows do not vary it", "",
        "more budgets, and sizes on both sides of each minimum");
  }

  options.bootstrap = 0;
  options.objective = "lsq";
  if (const FitResult square = fit_law(table, "chinchilla", options); square.fit) {
    const double from = robust.fit->constants.at("beta"), to = square.fit->constants.at("beta");
    findings.add("choice of the loss function", std::fabs(from - to) > 0.05 ? Verdict::doubtful : Verdict::good,
        "beta is " + people(from) + " under Huber's function and " + people(to) + " under least squares",
        "Epoch's 240 rows: beta from .365 to .406 by delta alone", "state the loss; look at the rows with the largest residuals");
  }
  std::vector<double> sizes;
  for (const double r : robust.fit->residuals) sizes.push_back(std::fabs(r));
  const double scale = 1.4826 * median(sizes);
  std::vector<std::string> far;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    if (scale > 0 && sizes[i] > 5 * scale) far.push_back(robust.fit->row_labels[i]);
  findings.add("rows off the surface", far.empty() ? Verdict::good : Verdict::doubtful,
      plural(far.size(), "row") + " beyond 5 robust standard deviations" + (far.empty() ? "" : ": " + listed(far)),
      "5 of Epoch's 245 rows move beta from .367 to .453", "look at them; leave out by name, and say so");
}

}  // namespace isoflop::laws
