// Token files of llm.c and nanoGPT, out and in (docs/formats/tokens.md).
#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "base/hash.h"
#include "base/output.h"
#include "tokens/source.h"
#include "tokens/token_writer.h"

namespace isoflop {
namespace tokens {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeaderWords = 256;
constexpr std::int32_t kMagic16 = 20240520, kVersion16 = 1, kMagic32 = 20240801, kVersion32 = 7;
constexpr std::int64_t kMostInLlmC = 0x7FFFFFFF;  // its count is a signed 32-bit word
constexpr std::int64_t kAtOnce = 1 << 20;
constexpr std::size_t kLongestUnit = 65'536;

// what a file of either form holds
struct Layout {
  std::size_t header = 0;  ///< bytes
  std::size_t width = 2;
  std::int64_t tokens = 0;
};

std::int32_t word_at(std::span<const std::byte> bytes, std::size_t index) {
  std::int32_t word = 0;
  std::memcpy(&word, bytes.data() + index * sizeof(word), sizeof(word));
  return word;
}

Layout llm_c_layout(std::span<const std::byte> bytes, const std::string& path) {
  Layout layout{kHeaderWords * 4, word_at(bytes, 0) == kMagic16 ? std::size_t{2} : std::size_t{4}, word_at(bytes, 2)};
  const std::int32_t version = word_at(bytes, 1), expected = layout.width == 2 ? kVersion16 : kVersion32;
  if (version != expected)
    throw Error(Fault::bad_data, path,
                "is a llm.c shard of version " + std::to_string(version) + ", expected " + std::to_string(expected));
  const bool negative = layout.tokens < 0;
  const std::size_t size = layout.header + (negative ? 0 : static_cast<std::size_t>(layout.tokens)) * layout.width;
  if (negative || bytes.size() != size) {
    throw Error(Fault::bad_data, path,
                "its header says " + std::to_string(layout.tokens) + " tokens, that is " +
                    (negative ? "no" : std::to_string(size)) + " bytes, and the file has " + std::to_string(bytes.size()),
                "the file may be cut short; bring it again");
  }
  return layout;
}

Layout layout_of(std::span<const std::byte> bytes, std::optional<ShardFormat> format, const std::string& path) {
  const bool marked = bytes.size() >= kHeaderWords * 4 && (word_at(bytes, 0) == kMagic16 || word_at(bytes, 0) == kMagic32);
  if (format == ShardFormat::llm_c && !marked)
    throw Error(Fault::bad_data, path, "is no llm.c shard: its header does not begin with 20240520 or 20240801");
  if (marked && format != ShardFormat::nanogpt) return llm_c_layout(bytes, path);
  if (bytes.size() % 2 != 0) {
    throw Error(Fault::bad_data, path, std::to_string(bytes.size()) + " bytes are no whole number of 16-bit tokens",
                "the file may be cut short; bring it again");
  }
  return {0, 2, static_cast<std::int64_t>(bytes.size() / 2)};
}

// Tokens to units: each ends with the end of text, or is long enough.
class UnitCutter {
 public:
  UnitCutter(const Tokenizer& tokenizer, SplitWriter& writer) : tokenizer_(tokenizer), writer_(writer) {}
  void add(std::int32_t token) {
    unit_.push_back(token);
    bytes_ += tokenizer_.bytes_of(token);
    if (token == tokenizer_.end_of_text() || unit_.size() == kLongestUnit) finish();
  }
  void finish() {
    if (!unit_.empty()) writer_.add(unit_, bytes_);
    unit_.clear();
    bytes_ = 0;
  }

 private:
  const Tokenizer& tokenizer_;
  SplitWriter& writer_;
  std::vector<std::int32_t> unit_;
  std::int64_t bytes_ = 0;
};

void import_file(const std::string& path, std::optional<ShardFormat> format, const Tokenizer& tokenizer, UnitCutter& units,
                 const std::stop_token& stop) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  const Layout layout = layout_of(bytes, format, path);
  const std::byte* at = bytes.data() + layout.header;
  for (std::int64_t i = 0; i < layout.tokens; ++i, at += layout.width) {
    if (i % kAtOnce == 0) throw_if_stopped(stop);
    std::uint32_t token = 0;
    std::memcpy(&token, at, layout.width);
    if (static_cast<std::int64_t>(token) >= tokenizer.vocab_size()) {
      throw Error(Fault::bad_data, path,
                  "token " + std::to_string(i) + " is " + std::to_string(token) + ", outside the tokenizer's vocabulary of " +
                      std::to_string(tokenizer.vocab_size()),
                  "give the tokenizer it was made with, and the shards' form with --format");
    }
    units.add(static_cast<std::int32_t>(token));
  }
}

// a hash of the files' bytes and sides: what the tokens are, whatever the files are called
std::string shards_id(const ImportOptions& options, const std::stop_token& stop) {
  Sha256 all;
  all.add("isoflop shards 1\n");
  for (const auto* side : {&options.train, &options.held_out}) {
    for (const std::string& path : *side) {
      const MappedFile file(path);
      Sha256 one;
      std::string_view rest(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
      while (!rest.empty()) {
        throw_if_stopped(stop);
        const std::string_view piece = rest.substr(0, 16 << 20);
        one.add(piece);
        rest.remove_prefix(piece.size());
      }
      all.add((side == &options.train ? "train " : "val ") + one.hex() + "\n");
    }
  }
  return all.hex();
}

// One split as files of at most `most` tokens.
class ShardWriter {
 public:
  ShardWriter(ShardFormat format, std::size_t width, std::function<std::string(std::size_t)> path_of, std::int64_t most)
      : format_(format), width_(width), path_of_(std::move(path_of)), most_(most) {}

  void write(const TokenSplit& split, const std::stop_token& stop) {
    std::vector<std::int32_t> tokens;
    std::string packed;
    for (std::int64_t at = 0; at < split.size();) {
      const std::int64_t in_file = std::min(most_, split.size() - at);
      const std::string path = path_of_(files.size());
      OutputFile file(path);
      if (format_ == ShardFormat::llm_c) file.write(header(in_file));
      for (const std::int64_t end = at + in_file; at < end;) {
        throw_if_stopped(stop);
        tokens.resize(static_cast<std::size_t>(std::min(kAtOnce, end - at)));
        split.copy(at, static_cast<std::int64_t>(tokens.size()), tokens.data());
        packed.resize(tokens.size() * width_);
        for (std::size_t i = 0; i < tokens.size(); ++i) std::memcpy(packed.data() + i * width_, &tokens[i], width_);
        file.write(packed);
        at += static_cast<std::int64_t>(tokens.size());
      }
      file.finish();
      files.push_back({path, in_file});
    }
  }

  std::vector<ShardFile> files;

 private:
  [[nodiscard]] std::string header(std::int64_t tokens) const {
    std::array<std::int32_t, kHeaderWords> words{};
    words[0] = width_ == 2 ? kMagic16 : kMagic32;
    words[1] = width_ == 2 ? kVersion16 : kVersion32;
    words[2] = static_cast<std::int32_t>(tokens);
    return {reinterpret_cast<const char*>(words.data()), sizeof(words)};
  }

  ShardFormat format_;
  std::size_t width_;
  std::function<std::string(std::size_t)> path_of_;
  std::int64_t most_;
};

}  // namespace
}  // namespace tokens

std::vector<ShardFile> export_shards(const TokenSet& set, ShardFormat format, const std::string& folder, const std::string& name,
                                     std::stop_token stop) {
  using namespace tokens;
  const bool wide = set.vocab_size > 65'536;
  if (wide && format == ShardFormat::nanogpt) {
    throw Error(Fault::usage, "nanogpt", "its tokens have 16 bits, and this vocabulary has " + std::to_string(set.vocab_size),
                "write llm.c's form, which has 32-bit tokens too");
  }
  make_folder(folder);
  std::vector<ShardFile> files;
  for (const auto& [side, split] : {std::pair{kTrainName, set.train.get()}, std::pair{kHeldOutName, set.held_out.get()}}) {
    const auto path_of = [&, side = std::string(side)](std::size_t index) {
      std::string digits = std::to_string(index);
      digits.insert(0, digits.size() < 6 ? 6 - digits.size() : 0, '0');
      const std::string file = format == ShardFormat::nanogpt ? side + ".bin" : name + "_" + side + "_" + digits + ".bin";
      return (fs::path(folder) / file).string();
    };
    ShardWriter writer(format, wide ? 4 : 2, path_of,
                       format == ShardFormat::nanogpt ? std::max<std::int64_t>(1, split->size()) : kMostInLlmC);
    writer.write(*split, stop);
    files.insert(files.end(), writer.files.begin(), writer.files.end());
  }
  return files;
}

TokenSet import_shards(const ImportOptions& options, const Tokenizer& tokenizer, std::stop_token stop,
                       const ProgressFn& progress) {
  using namespace tokens;
  if (options.train.empty()) throw Error(Fault::usage, "shards", "none is named to train on", "name them with --train");
  const std::string corpus_id = shards_id(options, stop), id = token_set_id(corpus_id, tokenizer);
  if (auto there = find_tokens(options.root, id)) return std::move(*there);
  TokenSetWriter writer({options.root, id, corpus_id, options.shard_tokens}, tokenizer);
  double done = 0;
  const auto total = static_cast<double>(options.train.size() + options.held_out.size());
  for (const auto* side : {&options.train, &options.held_out}) {
    UnitCutter units(tokenizer, side == &options.train ? writer.train() : writer.held_out());
    for (const std::string& path : *side) {
      import_file(path, options.format, tokenizer, units, stop);
      if (progress) progress({"import shards", ++done, total, "files", {}});
    }
    units.finish();
  }
  return writer.finish();
}

}  // namespace isoflop
