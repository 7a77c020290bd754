#include "corpus/stream.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "isoflop/text.h"
#include "isoflop/base.h"

namespace isoflop::corpus {
namespace {

// the file itself: bytes as stored, hashed
class Stored {
 public:
  explicit Stored(const InputFile& file)
      : subject_(file.path.string()), descriptor_(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) {
      throw Error(errno == ENOENT ? Fault::missing_input : Fault::io, subject_,
                  std::string("cannot open: ") + std::strerror(errno));
    }
  }
  ~Stored() { ::close(descriptor_); }
  Stored(const Stored&) = delete;
  Stored& operator=(const Stored&) = delete;

  std::size_t read(std::span<char> out) {
    while (true) {
      const ssize_t count = ::read(descriptor_, out.data(), out.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw Error(Fault::io, subject_, std::string("cannot read: ") + std::strerror(errno));
      bytes_ += count;
      hash_.add({out.data(), static_cast<std::size_t>(count)});
      return static_cast<std::size_t>(count);
    }
  }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }
  [[nodiscard]] std::string sha256() { return hash_.hex(); }

 private:
  std::string subject_;
  int descriptor_;
  std::int64_t bytes_ = 0;
  Sha256 hash_;
};

[[noreturn]] void fail_damaged(const std::string& subject, const std::string& why) {
  throw Error(Fault::bad_data, subject, "the packed data is damaged: " + why, "fetch or pack the file again");
}
[[noreturn]] void fail_cut_short(const std::string& subject) {
  throw Error(Fault::bad_data, subject, "the packed data is cut short", "fetch or pack the file again");
}

// some bytes of the text at a time; 0 at the end
class Unpacker {
 public:
  virtual ~Unpacker() = default;
  virtual std::size_t some(std::span<char> out) = 0;
};

class Plain final : public Unpacker {
 public:
  explicit Plain(Stored& stored) : stored_(stored) {}
  std::size_t some(std::span<char> out) override { return stored_.read(out); }

 private:
  Stored& stored_;
};

class Gunzip final : public Unpacker {
 public:
  Gunzip(Stored& stored, std::string subject) : stored_(stored), subject_(std::move(subject)), in_(std::size_t{1} << 16) {
    ISOFLOP_CHECK(::inflateInit2(&zlib_, 15 + 16) == Z_OK);
  }
  ~Gunzip() override { ::inflateEnd(&zlib_); }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  std::size_t some(std::span<char> out) override {
    zlib_.next_out = reinterpret_cast<Bytef*>(out.data());
    zlib_.avail_out = static_cast<uInt>(out.size());
    while (zlib_.avail_out == out.size()) {
      if (zlib_.avail_in == 0 && !refill()) {
        if (in_member_) fail_cut_short(subject_);
        return 0;
      }
      if (!in_member_ && !begin_member()) continue;
      const int code = ::inflate(&zlib_, Z_NO_FLUSH);
      if (code == Z_STREAM_END) {
        in_member_ = false;
        ++members_;
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        fail_damaged(subject_, zlib_.msg != nullptr ? zlib_.msg : "not gzip");
      }
    }
    return out.size() - zlib_.avail_out;
  }

 private:
  bool refill() {
    zlib_.next_in = reinterpret_cast<Bytef*>(in_.data());
    zlib_.avail_in = static_cast<uInt>(stored_.read(in_));
    return zlib_.avail_in > 0;
  }
  // a file may hold several members, and zeros after the last
  bool begin_member() {
    while (members_ > 0 && zlib_.avail_in > 0 && *zlib_.next_in == 0) {
      ++zlib_.next_in;
      --zlib_.avail_in;
    }
    if (zlib_.avail_in == 0) return false;
    ISOFLOP_CHECK(::inflateReset(&zlib_) == Z_OK);
    in_member_ = true;
    return true;
  }

  Stored& stored_;
  std::string subject_;
  std::vector<char> in_;
  z_stream zlib_{};
  bool in_member_ = false;
  std::int64_t members_ = 0;
};

class Unzstd final : public Unpacker {
 public:
  Unzstd(Stored& stored, std::string subject)
      : stored_(stored), subject_(std::move(subject)), in_(::ZSTD_DStreamInSize()), context_(::ZSTD_createDCtx()) {
    ISOFLOP_CHECK(context_ != nullptr);
  }
  ~Unzstd() override { ::ZSTD_freeDCtx(context_); }
  Unzstd(const Unzstd&) = delete;
  Unzstd& operator=(const Unzstd&) = delete;

  std::size_t some(std::span<char> out) override {
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    while (to.pos == 0) {
      // a full output may have left text inside the decoder: it comes first
      if (from_.pos == from_.size && !more_inside_) {
        from_ = {in_.data(), stored_.read(in_), 0};
        if (from_.size == 0) {
          if (expected_ != 0) fail_cut_short(subject_);
          return 0;
        }
      }
      expected_ = ::ZSTD_decompressStream(context_, &to, &from_);
      if (::ZSTD_isError(expected_) != 0) fail_damaged(subject_, ::ZSTD_getErrorName(expected_));
      more_inside_ = expected_ != 0 && to.pos == to.size;
    }
    return to.pos;
  }

 private:
  Stored& stored_;
  std::string subject_;
  std::vector<char> in_;
  ZSTD_DCtx* context_;
  ZSTD_inBuffer from_{nullptr, 0, 0};
  std::size_t expected_ = 0;  // 0 between frames
  bool more_inside_ = false;
};

std::unique_ptr<Unpacker> unpacker_of(const InputFile& file, Stored& stored) {
  switch (file.packing) {
    case Packing::gzip:
      return std::make_unique<Gunzip>(stored, file.path.string());
    case Packing::zstd:
      return std::make_unique<Unzstd>(stored, file.path.string());
    case Packing::none:
      break;
  }
  return std::make_unique<Plain>(stored);
}

}  // namespace

struct ByteStream::State {
  State(const InputFile& file, const UnpackLimits& most)
      : subject(file.path.string()),
        packed(file.packing != Packing::none),
        limits(most),
        stored(file),
        unpacker(unpacker_of(file, stored)) {}
  std::string subject;
  bool packed;
  UnpackLimits limits;
  Stored stored;
  std::unique_ptr<Unpacker> unpacker;
  std::int64_t bytes = 0;

  void refuse_bomb() const {
    if (bytes > kFreeGrowth + limits.ratio * stored.bytes()) {
      throw Error(Fault::bad_data, subject,
                  "unpacks to more than " + std::to_string(limits.ratio) + " times its size, unlike any text",
                  "unpack it by hand if it is what you want");
    }
    if (bytes > limits.bytes) {
      throw Error(Fault::bad_data, subject, "unpacks to more than " + format_bytes(static_cast<double>(limits.bytes)),
                  "unpack it by hand if it is what you want");
    }
  }
};

ByteStream::ByteStream(const InputFile& file, const UnpackLimits& limits) : state_(std::make_unique<State>(file, limits)) {}
ByteStream::~ByteStream() = default;

std::size_t ByteStream::read(std::span<char> out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const std::size_t count = state_->unpacker->some(out.subspan(filled));
    if (count == 0) break;
    filled += count;
    state_->bytes += static_cast<std::int64_t>(count);
    if (state_->packed) state_->refuse_bomb();
  }
  return filled;
}

std::int64_t ByteStream::stored_bytes() const {
  return state_->stored.bytes();
}
std::string ByteStream::sha256() {
  return state_->stored.sha256();
}

}  // namespace isoflop::corpus
