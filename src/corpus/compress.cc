#include "corpus/compress.h"

#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <vector>

#include "isoflop/base.h"

namespace isoflop::corpus {

std::int64_t xz_bytes(std::string_view text, const std::stop_token& stop) {
  lzma_options_lzma options;
  if (lzma_lzma_preset(&options, 9) != 0) throw Error(Fault::failure, "xz -9", "this liblzma has no such preset");
  options.dict_size = static_cast<std::uint32_t>(std::clamp<std::size_t>(text.size(), LZMA_DICT_SIZE_MIN, options.dict_size));
  const lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  lzma_stream stream = LZMA_STREAM_INIT;
  const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> end(&stream, lzma_end);
  lzma_ret status = lzma_raw_encoder(&stream, filters);
  stream.next_in = reinterpret_cast<const std::uint8_t*>(text.data());
  stream.avail_in = text.size();
  std::vector<std::uint8_t> out(std::size_t{1} << 16);  // a buffer at a time, so that a stop is seen
  while (status == LZMA_OK) {
    if (stop.stop_requested()) throw Error(Fault::stopped, "xz -9", "stopped while the text was compressed");
    stream.next_out = out.data();
    stream.avail_out = out.size();
    status = lzma_code(&stream, LZMA_FINISH);
  }
  if (status != LZMA_STREAM_END) throw Error(Fault::failure, "xz -9", "not enough memory to compress the text");
  return static_cast<std::int64_t>(stream.total_out);
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
