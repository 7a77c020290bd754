// A vocabulary as files write it, names in the byte alphabet, on its way to being a model. Inside the room only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "isoflop/base.h"
#include "tokens/bpe_model.h"

namespace isoflop::tokens {

class NamedVocab {
 public:
  explicit NamedVocab(std::string subject) : subject_(std::move(subject)) {}

  /// Throws bad_data for a name or an id that stands twice, and an id out of range.
  void add(std::string_view name, std::int64_t id);
  [[nodiscard]] std::optional<std::int32_t> find(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return ids_.size(); }

  /// Throws bad_data naming `place` for a part or a product that is not in the vocabulary.
  void merge(std::string_view left, std::string_view right, const std::string& place);
  /// The same, as "left right".
  void merge_line(std::string_view line, const std::string& place);

  /// Names of the form <...> that no merge makes: what files without a list of special tokens hold.
  [[nodiscard]] std::vector<SpecialToken> unmerged_in_angle_brackets() const;

  /// Throws bad_data if a name that is not special does not stand for bytes, or most ids stand for nothing.
  [[nodiscard]] BpeParts parts(std::vector<SpecialToken> specials, bool whole_chunks_first) const;

 private:
  [[nodiscard]] Error bad(const std::string& place, const std::string& problem) const;

  std::string subject_;
  std::unordered_map<std::string, std::int32_t> ids_;
  std::unordered_map<std::int32_t, std::string> names_;
  std::vector<Merge> merges_;
  std::vector<bool> made_;  // by id: a merge makes it
};

}  // namespace isoflop::tokens
