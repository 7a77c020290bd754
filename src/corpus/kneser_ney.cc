#include "corpus/kneser_ney.h"

#include <algorithm>

#include "base/check.h"
#include "base/math.h"

namespace isoflop::corpus {
namespace {

Discounts discounts_of(std::span<const std::uint32_t> counts) {
  std::array<double, 5> of{};  // counts of counts 1 to 4
  for (const std::uint32_t count : counts)
    if (count >= 1 && count <= 4) ++of[count];
  const Discounts fallback = {0.5, 1, 1.5};
  if (of[1] == 0 || of[2] == 0 || of[3] == 0 || of[4] == 0) return fallback;
  const double y = of[1] / (of[1] + 2 * of[2]);
  const Discounts given = {1 - 2 * y * of[2] / of[1], 2 - 3 * y * of[3] / of[2], 3 - 4 * y * of[4] / of[3]};
  for (std::size_t i = 0; i < 3; ++i)
    if (!(given[i] > 0 && given[i] < static_cast<double>(i + 1))) return fallback;
  return given;
}

double taken_off(const Discounts& discounts, std::uint32_t count) {
  return count == 0 ? 0 : discounts[std::min<std::uint32_t>(count, 3) - 1];
}

}  // namespace

KneserNey::KneserNey(const NgramTree& tree, std::int64_t vocabulary)
    : tree_(tree), uniform_(1 / static_cast<double>(vocabulary + 1)) {
  for (int n = 1; n <= tree.orders(); ++n) {
    own_.push_back(table_of(n, tree.counts(n)));
    lower_.push_back(n < tree.orders() ? table_of(n, tree.left_neighbours(n)) : Table{});
  }
}

KneserNey::Table KneserNey::table_of(int n, std::span<const std::uint32_t> counts) const {
  Table table;
  table.discounts = discounts_of(counts);
  const auto contexts = n == 1 ? std::size_t{1} : static_cast<std::size_t>(tree_.distinct(n - 1));
  table.total.resize(contexts);
  table.taken.resize(contexts);
  const std::span<const std::uint32_t> parents = tree_.parents(n);
  for (std::size_t node = 0; node < counts.size(); ++node) {
    table.total[parents[node]] += static_cast<double>(counts[node]);
    table.taken[parents[node]] += taken_off(table.discounts, counts[node]);
  }
  return table;
}

double KneserNey::mixed(const Table& table, std::uint32_t context, std::uint32_t count, double lower) {
  const double total = table.total[context];
  if (total == 0) return lower;  // the context ends every text it is in
  return (static_cast<double>(count) - taken_off(table.discounts, count) + table.taken[context] * lower) / total;
}

void KneserNey::score(std::span<const std::uint32_t> text, Loss& loss) const {
  const int orders = tree_.orders();
  loss.nats.resize(static_cast<std::size_t>(orders));
  std::vector<std::uint32_t> context(static_cast<std::size_t>(orders) + 1, NgramTree::kNone), next = context;
  context[0] = 0;
  for (const std::uint32_t symbol : text) {
    double below = uniform_;
    bool known = true;  // the context of this length occurs in the training text
    for (int n = 1; n <= orders; ++n) {
      const auto i = static_cast<std::size_t>(n);
      double own = below;
      next[i] = NgramTree::kNone;
      known = known && context[i - 1] != NgramTree::kNone;
      if (known) {
        const std::uint32_t node = next[i] = tree_.find(n, context[i - 1], symbol);
        const bool seen = node != NgramTree::kNone;
        own = mixed(own_[i - 1], context[i - 1], seen ? tree_.counts(n)[node] : 0, below);
        if (n < orders) below = mixed(lower_[i - 1], context[i - 1], seen ? tree_.left_neighbours(n)[node] : 0, below);
        if (n == 1 && !seen) ++loss.unknown;
      }
      loss.nats[i - 1] -= log_(own);
    }
    next[0] = 0;
    std::swap(context, next);
    ++loss.symbols;
  }
}

double KneserNey::probability(std::span<const std::uint32_t> history, std::uint32_t symbol, int order) const {
  ISOFLOP_CHECK(order >= 1 && order <= tree_.orders());
  double p = uniform_;
  for (int n = 1; n <= order; ++n) {
    if (history.size() < static_cast<std::size_t>(n - 1)) break;
    std::uint32_t context = 0;
    for (int k = 1; k < n && context != NgramTree::kNone; ++k)
      context = tree_.find(k, context, history[history.size() - static_cast<std::size_t>(n - k)]);
    if (context == NgramTree::kNone) break;
    const std::uint32_t node = tree_.find(n, context, symbol);
    const bool seen = node != NgramTree::kNone, own = n == order;
    const auto counts = own ? tree_.counts(n) : tree_.left_neighbours(n);
    p = mixed((own ? own_ : lower_)[static_cast<std::size_t>(n - 1)], context, seen ? counts[node] : 0, p);
  }
  return p;
}

PlugInEntropy plug_in_entropy(const NgramTree& tree, int context) {
  const int n = context + 1;
  const auto counts = tree.counts(n), parents = tree.parents(n);
  std::vector<double> total(context == 0 ? 1 : static_cast<std::size_t>(tree.distinct(context)));
  for (std::size_t node = 0; node < counts.size(); ++node) total[parents[node]] += static_cast<double>(counts[node]);
  PlugInEntropy entropy;
  entropy.positions = tree.positions(n);
  entropy.continuations = static_cast<std::int64_t>(counts.size());
  for (const double each : total) {
    if (each == 0) continue;
    ++entropy.contexts;
    entropy.nats += each * log_(each);
  }
  for (const std::uint32_t count : counts) entropy.nats -= static_cast<double>(count) * log_(static_cast<double>(count));
  const double positions = std::max(1.0, static_cast<double>(entropy.positions));
  entropy.nats /= positions;
  entropy.bias = static_cast<double>(entropy.continuations - entropy.contexts) / (2 * positions);
  return entropy;
}

}  // namespace isoflop::corpus
