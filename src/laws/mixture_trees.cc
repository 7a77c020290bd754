// Boosted regression trees: Friedman 2001 (Annals of Statistics 29), least squares, exact splits.
#include <algorithm>
#include <numeric>

#include "laws/mixture.h"

namespace isoflop::laws {
namespace {

/// The best split of one node found so far.
struct Split {
  std::int32_t feature = -1;
  double threshold = 0, gain = 0;
};

/// What is summed over the rows of a node.
struct NodeSums {
  double weight = 0, residual = 0;  // residual: weighted
  std::int64_t rows = 0;

  void add(double w, double r) {
    weight += w;
    residual += w * r;
    ++rows;
  }
  [[nodiscard]] double score() const { return weight > 0 ? residual * residual / weight : 0; }
};

/// Grows one tree after the other, a level at a time, over rows sorted once by every share.
class Grower {
 public:
  Grower(const MixtureRows& rows, std::size_t domains, const TreeOptions& options)
      : rows_(rows), options_(options), order_(domains) {
    for (std::size_t j = 0; j < domains; ++j) {
      order_[j].resize(static_cast<std::size_t>(rows.count));
      std::iota(order_[j].begin(), order_[j].end(), 0);
      const auto& shares = rows.inputs[j];
      std::stable_sort(order_[j].begin(), order_[j].end(), [&](std::int32_t a, std::int32_t b) { return shares[a] < shares[b]; });
    }
  }

  RegressionTree grow(const std::vector<double>& residuals) {
    residuals_ = &residuals;
    RegressionTree tree;
    tree.nodes.emplace_back();
    node_of_.assign(static_cast<std::size_t>(rows_.count), 0);
    std::int32_t first = 0;
    for (std::int64_t level = 0; level < options_.depth; ++level) {
      const auto last = static_cast<std::int32_t>(tree.nodes.size());
      if (!split_level(tree, first, last)) break;
      first = last;
    }
    fill_leaves(tree);
    return tree;
  }

 private:
  /// Splits the nodes [first, last); false if none can be.
  bool split_level(RegressionTree& tree, std::int32_t first, std::int32_t last) {
    const auto width = static_cast<std::size_t>(last - first);
    whole_.assign(width, {});
    for (std::int64_t row = 0; row < rows_.count; ++row)
      if (node_of_[row] >= first) whole_[node_of_[row] - first].add(rows_.weight[row], (*residuals_)[row]);
    best_.assign(width, {});
    for (std::size_t j = 0; j < order_.size(); ++j) scan(static_cast<std::int32_t>(j), first);

    bool any = false;
    for (std::size_t k = 0; k < width; ++k) {
      if (best_[k].feature < 0) continue;
      any = true;
      const auto at = static_cast<std::size_t>(first) + k, left = tree.nodes.size();
      tree.nodes.resize(left + 2);
      tree.nodes[at] = {best_[k].feature, static_cast<std::int32_t>(left), static_cast<std::int32_t>(left + 1),
                        best_[k].threshold};
    }
    for (std::int64_t row = 0; any && row < rows_.count; ++row) {
      const RegressionTree::Node& node = tree.nodes[node_of_[row]];
      if (node_of_[row] >= first && node.feature >= 0)
        node_of_[row] = rows_.inputs[node.feature][row] <= node.value ? node.left : node.right;
    }
    return any;
  }

  /// Every threshold of one feature, in all nodes of the level at once.
  void scan(std::int32_t feature, std::int32_t first) {
    const auto& shares = rows_.inputs[feature];
    left_.assign(whole_.size(), {});
    last_share_.assign(whole_.size(), -1);
    for (const std::int32_t row : order_[feature]) {
      if (node_of_[row] < first) continue;
      const auto k = static_cast<std::size_t>(node_of_[row] - first);
      const NodeSums& whole = whole_[k];
      NodeSums& left = left_[k];
      if (left.rows >= options_.leaf_rows && whole.rows - left.rows >= options_.leaf_rows && shares[row] > last_share_[k]) {
        const NodeSums right{whole.weight - left.weight, whole.residual - left.residual, whole.rows - left.rows};
        const double gain = left.score() + right.score() - whole.score();
        if (gain > best_[k].gain * (1 + 1e-12) + 1e-15) best_[k] = {feature, 0.5 * (last_share_[k] + shares[row]), gain};
      }
      left.add(rows_.weight[row], (*residuals_)[row]);
      last_share_[k] = shares[row];
    }
  }

  void fill_leaves(RegressionTree& tree) {
    std::vector<NodeSums> sums(tree.nodes.size());
    for (std::int64_t row = 0; row < rows_.count; ++row) sums[node_of_[row]].add(rows_.weight[row], (*residuals_)[row]);
    for (std::size_t k = 0; k < tree.nodes.size(); ++k)
      if (tree.nodes[k].feature < 0)
        tree.nodes[k].value = sums[k].weight > 0 ? options_.rate * sums[k].residual / sums[k].weight : 0;
  }

  const MixtureRows& rows_;
  const TreeOptions& options_;
  const std::vector<double>* residuals_ = nullptr;
  std::vector<std::vector<std::int32_t>> order_;
  std::vector<std::int32_t> node_of_;
  std::vector<NodeSums> whole_, left_;
  std::vector<Split> best_;
  std::vector<double> last_share_;
};

double leaf_of(const RegressionTree& tree, const double* x) {
  std::size_t at = 0;
  while (tree.nodes[at].feature >= 0) {
    const RegressionTree::Node& node = tree.nodes[at];
    at = static_cast<std::size_t>(x[node.feature] <= node.value ? node.left : node.right);
  }
  return tree.nodes[at].value;
}

}  // namespace

BoostedTrees boost(const MixtureRows& rows, std::size_t domains, const TreeOptions& options) {
  BoostedTrees boosted;
  double sum = 0, weight = 0;
  for (std::int64_t row = 0; row < rows.count; ++row) sum += rows.weight[row] * rows.loss[row], weight += rows.weight[row];
  boosted.base = sum / weight;
  std::vector<double> residuals;
  for (std::int64_t row = 0; row < rows.count; ++row) residuals.push_back(rows.loss[row] - boosted.base);
  Grower grower(rows, domains, options);
  std::vector<double> x(domains);
  for (std::int64_t i = 0; i < options.trees; ++i) {
    boosted.trees.push_back(grower.grow(residuals));
    for (std::int64_t row = 0; row < rows.count; ++row) {
      for (std::size_t j = 0; j < domains; ++j) x[j] = rows.inputs[j][row];
      residuals[row] -= leaf_of(boosted.trees.back(), x.data());
    }
  }
  return boosted;
}

double tree_value(double base, const std::vector<RegressionTree>& trees, const double* x) {
  double value = base;
  for (const RegressionTree& tree : trees) value += leaf_of(tree, x);
  return value;
}

}  // namespace isoflop::laws
