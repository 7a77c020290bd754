#include "tokens/token_writer.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/sealed_json.h"
#include "isoflop/text.h"

namespace isoflop::tokens {
namespace {

namespace fs = std::filesystem;

// `<id>.tmp-<pid>` of processes that are no more
void remove_abandoned(const fs::path& root, const std::string& id) {
  const std::string prefix = id + ".tmp-";
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const auto process = parse_int(std::string_view(name).substr(prefix.size()));
    std::error_code ignored;
    if (process && *process > 0 && ::kill(static_cast<pid_t>(*process), 0) != 0 && errno == ESRCH)
      fs::remove_all(entry.path(), ignored);
  }
}

fs::path temporary_beside(const TokenSetPlace& place) {
  if (place.shard_tokens < 1)
    throw Error(Fault::usage, "shard_tokens", std::to_string(place.shard_tokens) + ", expected 1 or more");
  make_folder(place.root);
  remove_abandoned(place.root, place.id);
  return fs::path(place.root) / (place.id + ".tmp-" + std::to_string(::getpid()));
}

}  // namespace

ItemFile::ItemFile(const fs::path& path, FileHeader header) : header_(header), file_(path, FileWriter::Mode::create) {
  file_.write(std::string_view(std::array<char, kHeaderBytes>{}.data(), kHeaderBytes));
}

void ItemFile::write(std::string_view items) {
  checksum_.add(items);
  header_.count += items.size() / header_.width;
  file_.write(items);
}

std::uint64_t ItemFile::close() {
  header_.checksum = checksum_.value();
  file_.write_at(0, header_bytes(header_));
  file_.close();
  return header_.checksum;
}

SplitWriter::SplitWriter(fs::path folder, std::string split, std::uint32_t width, std::int64_t shard_tokens)
    : folder_(std::move(folder)),
      split_(std::move(split)),
      width_(width),
      shard_tokens_(shard_tokens),
      units_(folder_ / units_name(split_), {kUnitMagic, kUnitBytes, 0, 0, 0}) {}

void SplitWriter::add(std::span<const std::int32_t> tokens, std::int64_t bytes) {
  const std::array<std::int64_t, 3> unit = {manifest_.tokens, static_cast<std::int64_t>(tokens.size()), bytes};
  units_.write(std::string_view(reinterpret_cast<const char*>(unit.data()), kUnitBytes));
  ++manifest_.units;
  manifest_.bytes += bytes;
  while (!tokens.empty()) {
    if (!shard_) {
      shard_.emplace(folder_ / shard_name(split_, manifest_.shards.size()),
                     FileHeader{kTokenMagic, width_, 0, static_cast<std::uint64_t>(manifest_.tokens), 0});
    }
    const auto take = std::min(tokens.size(), static_cast<std::size_t>(shard_tokens_ - shard_->count()));
    pack(tokens.first(take));
    shard_->write(packed_);
    manifest_.tokens += static_cast<std::int64_t>(take);
    tokens = tokens.subspan(take);
    if (shard_->count() == shard_tokens_) close_shard();
  }
}

SplitManifest SplitWriter::finish() {
  if (shard_) close_shard();
  manifest_.units_checksum = units_.close();
  return manifest_;
}

void SplitWriter::pack(std::span<const std::int32_t> tokens) {
  packed_.resize(tokens.size() * width_);
  for (std::size_t i = 0; i < tokens.size(); ++i) std::memcpy(packed_.data() + i * width_, &tokens[i], width_);
}

void SplitWriter::close_shard() {
  const std::int64_t count = shard_->count();
  manifest_.shards.push_back({count, shard_->close()});
  shard_.reset();
}

TokenSetWriter::TokenSetWriter(TokenSetPlace place, const Tokenizer& tokenizer)
    : place_(std::move(place)),
      tokenizer_(tokenizer),
      folder_(temporary_beside(place_)),
      train_(folder_.path(), kTrainName, width_for(tokenizer.vocab_size()), place_.shard_tokens),
      held_out_(folder_.path(), kHeldOutName, width_for(tokenizer.vocab_size()), place_.shard_tokens) {}

TokenSet TokenSetWriter::finish() {
  Json json;
  json["schema_version"] = kTokensSchema;
  json["id"] = place_.id;
  json["corpus"] = place_.corpus_id;
  json["tokenizer"] = tokenizer_.id();
  json["vocab_size"] = tokenizer_.vocab_size();
  json["train"] = json_of(train_.finish());
  json["held_out"] = json_of(held_out_.finish());
  write_output(folder_.path() / kManifestName, seal_json(json.dump()));
  const fs::path place = fs::path(place_.root) / place_.id;
  (void)folder_.rename_to(place);  // another process that was first wrote the same bytes
  return open_tokens(place.string());
}

std::optional<TokenSet> find_tokens(const std::string& root, const std::string& id) {
  const fs::path place = fs::path(root) / id;
  if (!fs::exists(place)) return std::nullopt;
  TokenSet set = open_tokens(place.string());
  if (set.id != id) throw not_whole(place, "holds the tokens of another corpus or tokenizer (" + set.id + ")");
  return set;
}

std::string token_set_id(const std::string& corpus_id, const Tokenizer& tokenizer) {
  return content_id("tokens " + std::to_string(kFileVersion) + "\n" + corpus_id + "\n" + tokenizer.id());
}

}  // namespace isoflop::tokens
