#include "corpus/compress.h"

#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <vector>

#include "isoflop/base.h"

namespace isoflop::corpus {

std::int64_t xz_bytes(std::string_view text) {
  lzma_options_lzma options;
  if (lzma_lzma_preset(&options, 9) != 0) throw Error(Fault::failure, "xz -9", "this liblzma has no such preset");
  options.dict_size = static_cast<std::uint32_t>(std::clamp<std::size_t>(text.size(), LZMA_DICT_SIZE_MIN, options.dict_size));
  const lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  std::vector<std::uint8_t> out(text.size() + text.size() / 3 + 4096);
  std::size_t written = 0;
  const lzma_ret status = lzma_raw_buffer_encode(filters, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()),
                                                 text.size(), out.data(), &written, out.size());
  if (status != LZMA_OK) throw Error(Fault::failure, "xz -9", "not enough memory to compress the text");
  return static_cast<std::int64_t>(written);
}

std::int64_t zstd_bytes(std::string_view text) {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  std::vector<char> out(ZSTD_compressBound(text.size()));
  std::size_t written = 0;
  if (context) {
    const int window = std::clamp(static_cast<int>(std::bit_width(text.size())), 10, 27);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, 19);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window);
    written = ZSTD_compress2(context.get(), out.data(), out.size(), text.data(), text.size());
  }
  if (!context || ZSTD_isError(written) != 0) throw Error(Fault::failure, "zstd -19", "not enough memory to compress the text");
  return static_cast<std::int64_t>(written);
}

}  // namespace isoflop::corpus
