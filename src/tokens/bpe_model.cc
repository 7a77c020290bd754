#include "tokens/bpe_model.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <queue>

#include "base/check.h"
#include "base/hash.h"
#include "isoflop/base.h"
#include "tokens/byte_alphabet.h"

namespace isoflop::tokens {
namespace {

Error bad(const std::string& subject, const std::string& problem) {
  return {Fault::bad_data, subject, problem, "the vocabulary and its merges must be of one byte-level BPE tokenizer"};
}

std::string shown(std::string_view bytes) {
  const std::string text = to_alphabet(bytes);
  return "`" + (text.size() > 60 ? text.substr(0, 60) + "..." : text) + "`";
}

}  // namespace

MergeTable::MergeTable(std::size_t merges) {
  const std::size_t size = std::bit_ceil(std::max<std::size_t>(16, merges * 2));
  slots_.resize(size);
  mask_ = size - 1;
  shift_ = 64 - std::countr_zero(size);
}

bool MergeTable::add(const Merge& merge, std::uint32_t rank, std::int32_t merged) {
  const std::uint64_t key = key_of(merge.left, merge.right);
  std::size_t at = place_of(key);
  for (; slots_[at].key != kEmpty; at = (at + 1) & mask_) {
    if (slots_[at].key == key) return false;
  }
  slots_[at] = {key, {rank, merged}};
  return true;
}

BpeModel::BpeModel(BpeParts parts, const std::string& subject) : parts_(std::move(parts)), table_(parts_.merges.size()) {
  ISOFLOP_CHECK(parts_.tokens.size() < 0x7FFFFFFF);
  index_tokens(subject);
  check_bytes(subject);
  read_merges(subject);
}

void BpeModel::index_tokens(const std::string& subject) {
  by_bytes_.assign(std::bit_ceil(parts_.tokens.size() * 2 + 16), -1);
  for (std::size_t id = 0; id < parts_.tokens.size(); ++id) {
    const std::string& bytes = parts_.tokens[id];
    if (bytes.empty()) continue;
    std::size_t at = xxh3(bytes) & (by_bytes_.size() - 1);
    for (; by_bytes_[at] >= 0; at = (at + 1) & (by_bytes_.size() - 1)) {
      if (parts_.tokens[static_cast<std::size_t>(by_bytes_[at])] == bytes) {
        throw bad(subject,
                  "token " + shown(bytes) + " stands twice, as " + std::to_string(by_bytes_[at]) + " and " + std::to_string(id));
      }
    }
    by_bytes_[at] = static_cast<std::int32_t>(id);
  }
}

std::optional<std::int32_t> BpeModel::find(std::string_view bytes) const {
  for (std::size_t at = xxh3(bytes) & (by_bytes_.size() - 1); by_bytes_[at] >= 0; at = (at + 1) & (by_bytes_.size() - 1)) {
    if (parts_.tokens[static_cast<std::size_t>(by_bytes_[at])] == bytes) return by_bytes_[at];
  }
  return std::nullopt;
}

void BpeModel::check_bytes(const std::string& subject) {
  std::size_t missing = 0;
  std::string first;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const std::string bytes(1, static_cast<char>(byte));
    const auto id = find(bytes);
    byte_tokens_[byte] = id.value_or(-1);
    if (id) continue;
    if (missing++ == 0) first = shown(bytes);
  }
  if (missing > 0) {
    throw bad(subject, std::to_string(missing) + " of the 256 bytes have no token (the first is " + first + "): " +
                           std::to_string(parts_.tokens.size()) + " tokens are not a byte-level vocabulary");
  }
}

void BpeModel::read_merges(const std::string& subject) {
  const auto known = [&](std::int32_t id) {
    return id >= 0 && static_cast<std::size_t>(id) < parts_.tokens.size() && !parts_.tokens[static_cast<std::size_t>(id)].empty();
  };
  for (std::size_t i = 0; i < parts_.merges.size(); ++i) {
    const Merge& merge = parts_.merges[i];
    if (!known(merge.left) || !known(merge.right))
      throw bad(subject, "merge " + std::to_string(i + 1) + " joins a token that does not stand for bytes");
    const std::string &left = parts_.tokens[static_cast<std::size_t>(merge.left)],
                      &right = parts_.tokens[static_cast<std::size_t>(merge.right)];
    const auto merged = find(left + right);
    const auto place = [&] { return "merge " + std::to_string(i + 1) + " (" + shown(left) + " " + shown(right) + ")"; };
    if (!merged) throw bad(subject, place() + " makes a token that is not in the vocabulary");
    if (!table_.add(merge, static_cast<std::uint32_t>(i), *merged)) throw bad(subject, place() + " stands twice");
  }
}

void BpeModel::encode(std::string_view chunk, std::vector<std::int32_t>& out) const {
  if (parts_.whole_chunks_first) {
    if (const auto id = find(chunk)) return out.push_back(*id);
  }
  if (chunk.size() <= kShort) {
    merge_short(chunk, out);
  } else {
    merge_long(chunk, out);
  }
}

void BpeModel::merge_short(std::string_view chunk, std::vector<std::int32_t>& out) const {
  std::array<std::int32_t, kShort> ids{};
  std::array<MergeTable::Found, kShort> next{};  // of ids[i] and ids[i + 1]
  std::size_t count = chunk.size();
  ISOFLOP_CHECK(count <= kShort);
  for (std::size_t i = 0; i < count; ++i) ids[i] = byte_tokens_[static_cast<unsigned char>(chunk[i])];
  for (std::size_t i = 0; i + 1 < count; ++i) next[i] = table_.find(ids[i], ids[i + 1]);
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i) {
      if (next[i].rank < next[best].rank) best = i;
    }
    if (next[best].rank == MergeTable::kNone) break;
    ids[best] = next[best].merged;
    --count;
    for (std::size_t i = best + 1; i < count; ++i) {
      ids[i] = ids[i + 1];
      next[i - 1] = next[i];
    }
    if (best + 1 < count) next[best] = table_.find(ids[best], ids[best + 1]);
    if (best > 0) next[best - 1] = table_.find(ids[best - 1], ids[best]);
  }
  out.insert(out.end(), ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count));
}

void BpeModel::merge_long(std::string_view chunk, std::vector<std::int32_t>& out) const {
  // tokens as a list: a merged one lives where its left part was
  struct Node {
    std::int32_t id;
    std::uint32_t rank;  // of the merge with the next one
    std::int32_t merged;
    std::size_t before, behind;
  };
  const std::size_t end = chunk.size();
  std::vector<Node> nodes(end);
  using Entry = std::pair<std::uint32_t, std::size_t>;  // rank, place
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  const auto look = [&](std::size_t place) {
    Node& node = nodes[place];
    const auto found = node.behind < end ? table_.find(node.id, nodes[node.behind].id) : MergeTable::Found{};
    node.rank = found.rank;
    node.merged = found.merged;
    if (found.rank != MergeTable::kNone) queue.emplace(found.rank, place);
  };
  for (std::size_t i = 0; i < end; ++i)
    nodes[i] = {byte_tokens_[static_cast<unsigned char>(chunk[i])], MergeTable::kNone, 0, i, i + 1};
  for (std::size_t i = 1; i < end; ++i) nodes[i].before = i - 1;
  for (std::size_t i = 0; i < end; ++i) look(i);

  while (!queue.empty()) {
    const auto [rank, place] = queue.top();
    queue.pop();
    Node& node = nodes[place];
    if (node.id < 0 || node.rank != rank) continue;  // merged away, or with another neighbour since
    Node& gone = nodes[node.behind];
    node.id = node.merged;
    node.behind = gone.behind;
    if (gone.behind < end) nodes[gone.behind].before = place;
    gone.id = -1;
    look(place);
    if (node.before != place) look(node.before);
  }
  for (std::size_t i = 0; i < end; i = nodes[i].behind) out.push_back(nodes[i].id);
}

}  // namespace isoflop::tokens
