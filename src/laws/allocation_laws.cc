#include "laws/allocation_laws.h"

#include <cmath>

#include "base/math.h"
#include "isoflop/text.h"
#include "laws/loss_frontier.h"

namespace isoflop::laws {

double AllocationNumber::value(const AllocationLaws& laws) const {
  if (!of_loss()) return what == What::slope ? line(laws).slope : exp_(line(laws).at(x));
  if (of == Of::frontier) return laws.frontier().loss(exp_(x));
  const LossFrontier& f = of == Of::plain ? *laws.plain : *laws.floored;
  return what == What::slope ? f.c : what == What::floor ? f.floor : f.k;
}

double AllocationNumber::standard_error(const AllocationLaws& laws) const {
  const Line& l = line(laws);
  return what == What::slope ? std::sqrt(l.slope_variance()) : value(laws) * std::sqrt(l.variance_at(x));
}

Interval AllocationNumber::student(const AllocationLaws& laws, double level) const {
  const Line& l = line(laws);
  const double t = student_t_quantile(0.5 + 0.5 * level, static_cast<double>(l.degrees()));
  const bool slope = what == What::slope;
  const double half = t * std::sqrt(slope ? l.slope_variance() : l.variance_at(x));
  const double centre = slope ? l.slope : l.at(x);
  return slope ? Interval{centre - half, centre + half, level} : Interval{exp_(centre - half), exp_(centre + half), level};
}

bool AllocationNumber::possible(const AllocationLaws& laws) const {
  const double v = value(laws);
  return of_loss() || (std::isfinite(v) && (what == What::slope || v > 0));
}

AllocationLaws lines_of(const std::vector<AllocationPoint>& points, bool weighted, bool tokens) {
  std::vector<double> x, n, d, ratio, w;
  for (const AllocationPoint& p : points) {
    x.push_back(p.x);
    n.push_back(p.n);
    if (tokens) d.push_back(*p.d);
    if (tokens) ratio.push_back(*p.d - p.n);
    if (weighted) w.push_back(1 / (*p.se * *p.se));
  }
  AllocationLaws laws{.n = line_through(x, n, w), .d = {}, .ratio = {}, .plain = {}, .floored = {}};
  if (tokens) laws.d = line_through(x, d, w);
  if (tokens) laws.ratio = line_through(x, ratio, w);
  return laws;
}

void put_frontier(const std::vector<AllocationPoint>& points, bool floor, AllocationLaws& laws) {
  std::vector<double> x, loss;
  for (const AllocationPoint& p : points) {
    x.push_back(p.x);
    loss.push_back(*p.loss);
  }
  laws.plain = plain_frontier(x, loss);
  if (laws.plain && !(laws.plain->k > 0 && std::isfinite(laws.plain->k))) laws.plain.reset();
  if (!laws.plain || !floor) return;
  laws.floored = floor_frontier(x, loss);
  if (!laws.floored) laws.floored = laws.plain;
}

std::vector<AllocationNumber> numbers_of(const AllocationLaws& laws, const std::vector<double>& at) {
  using Of = AllocationNumber::Of;
  using What = AllocationNumber::What;
  std::vector<AllocationNumber> numbers{{"k_n", Of::n, What::value, 0, true}, {"a", Of::n, What::slope, 0, true}};
  const auto constants = [&](const char* level, const char* slope, Of of) {
    numbers.push_back({level, of, What::value, 0, true});
    numbers.push_back({slope, of, What::slope, 0, true});
  };
  if (laws.d) constants("k_d", "b", Of::d);
  if (laws.plain) constants("frontier_k", "frontier_c", Of::plain);
  if (laws.floored) {
    numbers.push_back({"floor_e", Of::floored, What::floor, 0, true});
    constants("floor_k", "floor_c", Of::floored);
  }
  for (const double flops : at) {
    const std::string name = "@" + format_number(flops);
    const auto derived = [&](const char* what, Of of) { numbers.push_back({what + name, of, What::value, log_(flops), false}); };
    derived("params_opt", Of::n);
    if (laws.d) derived("tokens_opt", Of::d);
    if (laws.d) derived("tokens_per_param", Of::ratio);
    if (laws.plain) derived("loss", Of::frontier);
  }
  return numbers;
}

}  // namespace isoflop::laws
