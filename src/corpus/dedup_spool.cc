#include "corpus/dedup_spool.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "isoflop/text.h"
#include "isoflop/base.h"

namespace isoflop::corpus {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = std::size_t{1} << 20;
constexpr std::size_t kBatchBytes = std::size_t{8} << 20;

[[noreturn]] void fail_spill(const fs::path& folder, const char* doing, int error, std::size_t needed) {
  std::string hint;
  struct statvfs disk {};
  if ((error == ENOSPC || error == EDQUOT) && statvfs(folder.c_str(), &disk) == 0) {
    hint = format_bytes(static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize)) + " free, " +
           format_bytes(static_cast<double>(needed)) +
           " needed at once; make room, choose another folder with --work, or raise --memory";
  }
  throw Error(Fault::io, folder.string(),
              std::string("cannot ") + doing + " what does not fit in memory: " + std::strerror(error), hint);
}

struct Header {
  std::uint32_t number, source;
  std::uint32_t before, after, text;  // lengths
};

}  // namespace

Spill::~Spill() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::uint64_t Spill::append(std::span<const char> bytes) {
  if (descriptor_ < 0) {
    make_folder(folder_);
    std::string name = (folder_ / "spill-XXXXXX").string();
    descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (descriptor_ < 0) fail_spill(folder_, "make a file for", errno, bytes.size());
    ::unlink(name.c_str());
  }
  const std::uint64_t offset = size_;
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t count = ::pwrite(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_spill(folder_, "write", errno, bytes.size() - done);
    done += static_cast<std::size_t>(count);
  }
  size_ += bytes.size();
  return offset;
}

void Spill::read(std::uint64_t offset, std::span<char> out) const {
  for (std::size_t done = 0; done < out.size();) {
    const ssize_t count = ::pread(descriptor_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail_spill(folder_, "read back", count < 0 ? errno : EIO, out.size() - done);
    done += static_cast<std::size_t>(count);
  }
}

Spool::Spool(const fs::path& folder, std::int64_t memory) : memory_(memory), spill_(folder) {}

void Spool::add(const Document& document) {
  const Header header{document.number, document.source, static_cast<std::uint32_t>(document.before.size()),
                      static_cast<std::uint32_t>(document.after.size()), static_cast<std::uint32_t>(document.text.size())};
  offsets_.push_back(size_);
  numbers_.push_back(document.number);
  text_bytes_ += static_cast<std::int64_t>(document.text.size());
  const auto put = [this](std::string_view bytes) {
    size_ += bytes.size();
    while (!bytes.empty()) {
      const std::string_view part = bytes.substr(0, kBlock - pending_.size());
      pending_ += part;
      bytes.remove_prefix(part.size());
      if (pending_.size() < kBlock) return;
      if (static_cast<std::int64_t>((blocks_.size() + 1) * kBlock) <= memory_) {
        blocks_.push_back(std::make_unique_for_overwrite<char[]>(kBlock));
        std::memcpy(blocks_.back().get(), pending_.data(), kBlock);
      } else {
        spill_.append(pending_);
      }
      pending_.clear();
    }
  };
  put({reinterpret_cast<const char*>(&header), sizeof header});
  put(document.before);
  put(document.after);
  put(document.text);
}

void Spool::finish() {
  pending_.shrink_to_fit();
}

void Spool::read(std::uint64_t offset, std::span<char> out) const {
  const std::uint64_t in_blocks = blocks_.size() * kBlock, written = size_ - pending_.size();
  while (!out.empty()) {
    std::size_t count = out.size();
    if (offset < in_blocks) {
      const std::size_t within = offset % kBlock;
      count = std::min(count, kBlock - within);
      std::memcpy(out.data(), blocks_[offset / kBlock].get() + within, count);
    } else if (offset < written) {
      count = static_cast<std::size_t>(std::min<std::uint64_t>(count, written - offset));
      spill_.read(offset - in_blocks, out.subspan(0, count));
    } else {
      ISOFLOP_CHECK(offset + count <= size_);
      std::memcpy(out.data(), pending_.data() + (offset - written), count);
    }
    offset += count;
    out = out.subspan(count);
  }
}

namespace {

Document document_from(std::string_view bytes) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  bytes.remove_prefix(sizeof header);
  return {header.number, header.source, bytes.substr(0, header.before), bytes.substr(header.before, header.after),
          bytes.substr(std::size_t{header.before} + header.after, header.text)};
}

}  // namespace

Document Spool::at(std::size_t place, std::string& buffer) const {
  const std::uint64_t end = place + 1 < offsets_.size() ? offsets_[place + 1] : size_;
  buffer.resize(static_cast<std::size_t>(end - offsets_[place]));
  read(offsets_[place], buffer);
  return document_from(buffer);
}

std::size_t Spool::place_of(std::uint32_t number) const {
  const auto found = std::lower_bound(numbers_.begin(), numbers_.end(), number);
  ISOFLOP_CHECK(found != numbers_.end() && *found == number);
  return static_cast<std::size_t>(found - numbers_.begin());
}

void Spool::for_each(Team& team, std::stop_token stop, const std::function<void(std::int64_t, std::size_t, const Item&)>& work,
                     const std::function<void(std::size_t, const Item&)>& take, std::size_t from_place) const {
  std::string buffer;
  std::vector<Item> items;
  for (std::size_t place = from_place; place < offsets_.size();) {
    if (stop.stop_requested()) throw Error(Fault::stopped, "dedup", "stopped; nothing was written", "run it again");
    // as many documents as fit in a batch, one at least
    const std::size_t first = place;
    const std::uint64_t from = offsets_[first];
    std::uint64_t to = from;
    items.clear();
    while (place < offsets_.size() && items.size() < kMostSlots) {
      const std::uint64_t end = place + 1 < offsets_.size() ? offsets_[place + 1] : size_;
      if (place > first && end - from > kBatchBytes) break;
      items.push_back({{}, place});
      to = end;
      ++place;
    }
    buffer.resize(static_cast<std::size_t>(to - from));
    read(from, buffer);
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::size_t at = static_cast<std::size_t>(offsets_[first + i] - from);
      items[i].document = document_from(std::string_view(buffer).substr(at));
    }
    if (work) {
      std::atomic<std::size_t> next{0};
      team.run([&](std::int64_t rank) {
        for (std::size_t slot; (slot = next.fetch_add(1)) < items.size();) work(rank, slot, items[slot]);
      });
    }
    if (take) {
      for (std::size_t slot = 0; slot < items.size(); ++slot) take(slot, items[slot]);
    }
  }
}

}  // namespace isoflop::corpus
