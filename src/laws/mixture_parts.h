// Which rows of a table of proxies one law is fitted to, and as what.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "laws/mixture.h"

namespace isoflop::laws {

/// The rows one law is fitted to.
struct MixturePart {
  std::string target, family;
  std::optional<double> rate;     ///< where the family was run at more than one
  bool tuned = true;
  std::vector<std::size_t> rows;  ///< of the table
};

/// Rows with a loss, by family and learning rate, the tuned rate of a family first. `pooled`: families are not told apart.
///
/// Throws   Error{bad_data} naming a row without a learning rate where others have one.
[[nodiscard]] std::vector<MixturePart> parts_of(const MixtureTable& table, const std::string& target, bool pooled);

/// A column that every row has, positive, and not the same in all.
[[nodiscard]] bool varies(const MixtureTable& table, const std::string& column);

/// Adds a warning where a column varies and is not read because some rows lack it.
void doubt_gaps(const MixtureTable& table, const std::string& column, std::vector<Warning>& warnings);

[[nodiscard]] MixtureRows rows_of_part(const MixtureTable& table, const MixturePart& part, const MixtureForm& form);

/// Standard deviation between runs of one mixture, pooled; none without such.
[[nodiscard]] std::optional<double> seed_sd_of(const MixtureRows& rows);

/// How the order of mixtures differs between the tuned rate and another one.
[[nodiscard]] RankFlips flips_of(const MixtureTable& table, const MixturePart& tuned, const MixturePart& other);

}  // namespace isoflop::laws
