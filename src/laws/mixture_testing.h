// Tables of proxy runs that a known law made. Tests only.
#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "isoflop/mixture.h"
#include "laws/mixture_simplex.h"

namespace isoflop {

using LossOf = std::function<double(const std::vector<double>& shares)>;

/// Mixtures of `domains` sources named d1, d2, ...: Dirichlet draws of every spread; loss.x by the law, with normal noise.
inline MixtureTable proxies(std::size_t domains, std::size_t rows, const LossOf& loss, double noise = 0, std::uint64_t seed = 0) {
  MixtureTable table;
  for (std::size_t j = 0; j < domains; ++j) table.domains.push_back("d" + std::to_string(j + 1));
  table.targets = {"x"};
  const Philox random{seed, Stream::simulate};
  for (std::size_t i = 0; i < rows; ++i) {
    const std::vector<double> alpha(domains, i % 3 == 0 ? 0.3 : i % 3 == 1 ? 1.0 : 4.0);
    const std::vector<double> shares = laws::dirichlet(random, i, alpha);
    table.runs.labels.push_back("row " + std::to_string(i + 1));
    for (std::size_t j = 0; j < domains; ++j) table.runs.columns["share." + table.domains[j]].emplace_back(shares[j]);
    table.runs.columns["loss.x"].emplace_back(loss(shares) + noise * random.normal(i, 0xf0000000U));
  }
  return table;
}

/// c + exp(k + t r).
inline LossOf log_linear_loss(double c, double k, const std::vector<double>& t) {
  return [=](const std::vector<double>& shares) {
    double z = k;
    for (std::size_t j = 0; j < shares.size(); ++j) z += t[j] * shares[j];
    return c + std::exp(z);
  };
}

}  // namespace isoflop
