#include "tokens/named_vocab.h"

#include <algorithm>

#include "isoflop/tokens.h"
#include "tokens/byte_alphabet.h"

namespace isoflop::tokens {
namespace {

std::string shown(std::string_view name) {
  std::string text(name.substr(0, 60));
  return "`" + text + (name.size() > 60 ? "...`" : "`");
}

bool in_angle_brackets(std::string_view name) { return name.size() > 2 && name.front() == '<' && name.back() == '>'; }

}  // namespace

Error NamedVocab::bad(const std::string& place, const std::string& problem) const {
  return {Fault::bad_data, subject_, place + problem, "the vocabulary and its merges must be of one byte-level BPE tokenizer"};
}

void NamedVocab::add(std::string_view name, std::int64_t id) {
  if (id < 0 || id >= kMostTokens)
    throw bad("",
              "token " + shown(name) + " has id " + std::to_string(id) + ", expected 0 to " + std::to_string(kMostTokens - 1));
  const auto small = static_cast<std::int32_t>(id);
  if (name.empty()) throw bad("", "token " + std::to_string(id) + " has no name");
  if (!ids_.emplace(name, small).second) throw bad("", "token " + shown(name) + " stands twice");
  const auto [place, fresh] = names_.emplace(small, name);
  if (!fresh) throw bad("", "id " + std::to_string(id) + " stands twice, for " + shown(place->second) + " and " + shown(name));
}

std::optional<std::int32_t> NamedVocab::find(std::string_view name) const {
  const auto place = ids_.find(std::string(name));
  return place == ids_.end() ? std::nullopt : std::optional(place->second);
}

void NamedVocab::merge(std::string_view left, std::string_view right, const std::string& place) {
  const auto id_of = [&](std::string_view name, const char* role) {
    const auto id = find(name);
    if (!id)
      throw bad(place, std::string("the merge's ") + role + " " + shown(name) + " is not in the vocabulary of " +
                           std::to_string(ids_.size()));
    return *id;
  };
  merges_.push_back({id_of(left, "left part"), id_of(right, "right part")});
  const auto made = static_cast<std::size_t>(id_of(std::string(left) + std::string(right), "product"));
  if (made >= made_.size()) made_.resize(made + 1);
  made_[made] = true;
}

void NamedVocab::merge_line(std::string_view line, const std::string& place) {
  const std::size_t space = line.find(' ');
  const bool two = space != std::string_view::npos && space > 0 && space + 1 < line.size() &&
                   line.find(' ', space + 1) == std::string_view::npos;
  if (!two) throw bad(place, "is " + shown(line) + ", expected the two parts of a merge with a space between");
  merge(line.substr(0, space), line.substr(space + 1), place);
}

std::vector<SpecialToken> NamedVocab::unmerged_in_angle_brackets() const {
  std::vector<SpecialToken> specials;
  for (const auto& [name, id] : ids_) {
    const auto at = static_cast<std::size_t>(id);
    if (in_angle_brackets(name) && !(at < made_.size() && made_[at])) specials.push_back({name, id});
  }
  return specials;
}

BpeParts NamedVocab::parts(std::vector<SpecialToken> specials, bool whole_chunks_first) const {
  std::int32_t last = -1;
  for (const auto& [id, name] : names_) last = std::max(last, id);
  for (const SpecialToken& special : specials) last = std::max(last, special.id);
  const std::size_t count = names_.size() + specials.size(), size = static_cast<std::size_t>(last) + 1;
  if (size > 2 * count + 1024)
    throw bad("", std::to_string(count) + " tokens have ids up to " + std::to_string(last) + ": most stand for nothing");

  std::sort(specials.begin(), specials.end(), [](const SpecialToken& a, const SpecialToken& b) { return a.id < b.id; });
  BpeParts parts{std::vector<std::string>(size), merges_, std::move(specials), whole_chunks_first};
  std::vector<bool> special(size);
  for (const SpecialToken& each : parts.specials) special[static_cast<std::size_t>(each.id)] = true;
  for (const auto& [id, name] : names_) {
    const auto at = static_cast<std::size_t>(id);
    if (special[at]) continue;
    auto bytes = from_alphabet(name);
    if (!bytes) throw bad("", "token " + shown(name) + " does not stand for bytes in GPT-2's alphabet");
    parts.tokens[at] = std::move(*bytes);
  }
  return parts;
}

}  // namespace isoflop::tokens
