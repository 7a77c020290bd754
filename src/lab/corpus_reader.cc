#include "lab/corpus_reader.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/utf8.h"
#include "corpus/ngrams.h"
#include "corpus/symbols.h"
#include "corpus/units.h"

namespace isoflop::lab {
namespace {

constexpr std::size_t kMostStarts = 16;
constexpr std::size_t kStartBytes = std::size_t{256} << 10;

}  // namespace

std::vector<Piece> in_equal_parts(std::vector<Piece> pieces) {
  constexpr std::size_t kParts = corpus::NgramTree::kGroups;
  std::size_t bytes = 0;
  for (const Piece& piece : pieces) bytes += piece.text.size();
  const std::size_t most = (bytes + kParts - 1) / kParts;
  std::array<std::size_t, kParts> filled{};
  std::vector<Piece> cut;
  for (Piece& piece : pieces) {
    for (std::string_view rest = piece.text; !rest.empty();) {
      const auto least = std::min_element(filled.begin(), filled.end());
      // a character that does not fit goes in whole, so that the others have room
      std::size_t size = whole_characters(rest, most - std::min(most, *least));
      if (size == 0) size = first_characters(rest, 1).size();
      *least += size;
      cut.push_back({std::string(rest.substr(0, size)), static_cast<int>(least - filled.begin())});
      rest.remove_prefix(size);
    }
    piece.text = {};
  }
  return cut;
}

CorpusReader::CorpusReader(const CorpusManifest& manifest, const MeasureOptions& options, CorpusStatistics& statistics)
    : options_(options), statistics_(statistics), bytes_(manifest.train.bytes + manifest.held_out.bytes) {
  std::vector<std::pair<std::int64_t, std::size_t>> largest;
  for (const SourceFacts& source : manifest.sources) {
    index_[source.name] = statistics.sources.size();
    largest.emplace_back(-source.bytes, statistics.sources.size());
    statistics.sources.push_back({source.name, 0, {}, {}});
    if (options.tokenizer != nullptr) statistics.sources.back().tokens = 0;
  }
  std::sort(largest.begin(), largest.end());
  start_of_.assign(largest.size(), kMostStarts);
  for (std::size_t i = 0; i < std::min(kMostStarts, largest.size()); ++i) start_of_[largest[i].second] = i;
  reading_.starts.resize(std::min(kMostStarts, largest.size()));
  // of a long text, units whose hash is below this are taken: by the other half of the hash than the split's
  const double share = static_cast<double>(options.sample_bytes) / static_cast<double>(std::max<std::int64_t>(1, bytes_));
  statistics.whole = share >= 1;
  limit_ = share >= 1 ? std::numeric_limits<std::uint64_t>::max() : static_cast<std::uint64_t>(share * 0x1p64);
  if (options.tokenizer != nullptr) {
    statistics.tokens.emplace();
    used_.resize(static_cast<std::size_t>(options.tokenizer->vocab_size()));
  }
}

void CorpusReader::visit(const Unit& unit) {
  const std::size_t source = index_.find(unit.source)->second;
  std::int64_t words = 0;
  corpus::for_each_word(unit.text, [&](std::string_view, bool word) { words += word ? 1 : 0; });
  statistics_.words += words;
  statistics_.sources[source].words += words;
  if (options_.tokenizer != nullptr) count_tokens(unit, source);
  if (const std::size_t start = start_of_[source]; start < reading_.starts.size()) {
    std::string& text = reading_.starts[start];
    text += unit.text.substr(0, kStartBytes - std::min(kStartBytes, text.size()));
  }
  take(unit);
}

Reading CorpusReader::finish() {
  if (statistics_.tokens) {
    TokenStatistics& tokens = *statistics_.tokens;
    tokens.tokenizer = options_.tokenizer->id();
    tokens.kind = options_.tokenizer->kind();
    tokens.vocab_size = options_.tokenizer->vocab_size();
    tokens.distinct = std::count(used_.begin(), used_.end(), true);
    tokens.bytes_per_token = static_cast<double>(bytes_) / static_cast<double>(std::max<std::int64_t>(1, tokens.tokens));
  }
  reading_.train = in_equal_parts(std::move(reading_.train));
  return std::move(reading_);
}

void CorpusReader::count_tokens(const Unit& unit, std::size_t source) {
  encoded_.clear();
  options_.tokenizer->encode(unit.text, encoded_);
  if (unit.ends_document && options_.tokenizer->end_of_text()) encoded_.push_back(*options_.tokenizer->end_of_text());
  for (const std::int32_t token : encoded_) used_[static_cast<std::size_t>(token)] = true;
  const auto count = static_cast<std::int64_t>(encoded_.size());
  statistics_.tokens->tokens += count;
  if (!unit.held_out) statistics_.tokens->unique_tokens += count;
  *statistics_.sources[source].tokens += count;
}

void CorpusReader::take(const Unit& unit) {
  if (corpus::hash_unit(unit.text).low > limit_) return;
  const std::int64_t room = 2 * options_.sample_bytes - statistics_.sample_bytes;
  const std::string_view text =
      unit.text.substr(0, whole_characters(unit.text, static_cast<std::size_t>(std::max<std::int64_t>(0, room))));
  if (text.empty()) return;
  statistics_.sample_bytes += static_cast<std::int64_t>(text.size());
  statistics_.sample_characters += count_characters(text);
  (unit.held_out ? reading_.held_out : reading_.train).push_back({std::string(text), 0});
}

}  // namespace isoflop::lab
