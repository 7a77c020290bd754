// A stranger's program: counts a model, fits a law, reads an error. Only installed headers.
#include <isoflop/arch.h>
#include <isoflop/lab.h>
#include <isoflop/laws.h>

#include <cmath>
#include <cstdio>

int main() {
  isoflop::Shape shape;
  shape.n_layer = 12;
  shape.n_head = 12;
  shape.n_embd = 768;
  shape.block_size = 1024;
  shape.vocab_size = 50257;
  if (isoflop::param_counts(shape).params != 124439808) return 1;

  isoflop::Observations table;
  for (const double n : {1e5, 1e6, 1e7, 1e8}) {
    table.labels.push_back(std::to_string(n));
    table.columns["params"].push_back(n);
    table.columns["loss"].push_back(20 * std::pow(n, -0.1));
  }
  const auto result = isoflop::fit_power_law(table);
  if (!result.fit || !(std::fabs(result.fit->constants.at("b") - 0.1) <= 1e-9)) return 2;

  try {
    (void)isoflop::preset_study("nonsense");
  } catch (const isoflop::Error& error) {
    return error.fault() == isoflop::Fault::usage ? 0 : 3;
  }
  return 4;
}
