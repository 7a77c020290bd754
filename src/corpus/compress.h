// What general compressors make of a text: a floor under what is worth calling a model.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string_view>

namespace isoflop::corpus {

/// Bytes of `xz -9` without the container: raw LZMA2, its dictionary no larger than the text needs. Throws failure (no memory),
/// stopped.
[[nodiscard]] std::int64_t xz_bytes(std::string_view text, const std::stop_token& stop = {});

/// Bytes of one `zstd -19` frame whose window holds the text, 128 MiB at most, without a checksum. Throws failure (no memory).
[[nodiscard]] std::int64_t zstd_bytes(std::string_view text);

}  // namespace isoflop::corpus
