// A token folder under way: written beside its place, renamed when it is whole. Inside the room only.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "base/file.h"
#include "base/hash.h"
#include "base/output.h"
#include "isoflop/tokens.h"
#include "tokens/token_format.h"

namespace isoflop::tokens {

/// A stream of items behind a header that is filled in last.
class ItemFile {
 public:
  ItemFile(const std::filesystem::path& path, FileHeader header);
  void write(std::string_view items);
  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(header_.count); }
  std::uint64_t close();  ///< the checksum

 private:
  FileHeader header_;
  Xxh3 checksum_;
  FileWriter file_;
};

/// One split under way: shards of at most `shard_tokens`, and the units file.
class SplitWriter {
 public:
  SplitWriter(std::filesystem::path folder, std::string split, std::uint32_t width, std::int64_t shard_tokens);
  void add(std::span<const std::int32_t> unit, std::int64_t bytes);
  SplitManifest finish();

 private:
  void pack(std::span<const std::int32_t> tokens);
  void close_shard();

  std::filesystem::path folder_;
  std::string split_;
  std::uint32_t width_;
  std::int64_t shard_tokens_;
  ItemFile units_;
  std::optional<ItemFile> shard_;
  std::string packed_;
  SplitManifest manifest_;
};

struct TokenSetPlace {
  std::string root, id;
  std::string corpus_id;  ///< content id of what is tokenised
  std::int64_t shard_tokens = 100'000'000;
};

/// Both splits and the manifest. Throws usage for options out of range.
class TokenSetWriter {
 public:
  TokenSetWriter(TokenSetPlace place, const Tokenizer& tokenizer);
  [[nodiscard]] SplitWriter& train() { return train_; }
  [[nodiscard]] SplitWriter& held_out() { return held_out_; }
  TokenSet finish();

 private:
  TokenSetPlace place_;
  const Tokenizer& tokenizer_;
  ScratchFolder folder_;
  SplitWriter train_, held_out_;
};

/// The set at `root`/`id` if it is there. Throws bad_data if what is there is another.
[[nodiscard]] std::optional<TokenSet> find_tokens(const std::string& root, const std::string& id);

/// Hash of what is tokenised and by what.
[[nodiscard]] std::string token_set_id(const std::string& corpus_id, const Tokenizer& tokenizer);

}  // namespace isoflop::tokens
