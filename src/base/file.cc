#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/output.h"
#include "isoflop/base.h"
#include "isoflop/text.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const char* doing, int error, std::size_t needed = 0) {
  const bool reading = std::strcmp(doing, "read") == 0;
  if (reading && (error == ENOENT || error == ENOTDIR))
    throw Error(Fault::missing_input, path.string(), std::string("cannot ") + doing + ": no such file or folder");
  std::string hint;
  if (error == ENOSPC || error == EDQUOT) {
    struct statvfs disk {};
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    if (statvfs(folder.c_str(), &disk) == 0) {
      hint = format_bytes(static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize)) + " free";
      if (needed > 0) hint += ", " + format_bytes(static_cast<double>(needed)) + " needed";
      hint += "; make room and run again";
    }
  } else if (!reading && (error == EACCES || error == EROFS || error == EPERM || error == ENOENT)) {
    hint = "choose a place you may write to";
  }
  throw Error(Fault::io, path.string(), std::string("cannot ") + doing + ": " + std::strerror(error), hint);
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return value_; }
  [[nodiscard]] int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

void write_all(int descriptor, const char* data, std::size_t size, const fs::path& path) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t count = ::write(descriptor, data + done, size - done);
    if (count < 0) {
      if (errno == EINTR) continue;
      fail(path, "write", errno, size - done);
    }
    done += static_cast<std::size_t>(count);
  }
}

}  // namespace

std::string read_file(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail(path, "read", errno);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) fail(path, "read", errno);
  if (S_ISDIR(facts.st_mode)) throw Error(Fault::bad_data, path.string(), "is a folder, expected a file");

  std::string text(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t done = 0;
  while (true) {
    if (done == text.size()) text.resize(done + 4096);
    const ssize_t count = ::read(file.get(), text.data() + done, text.size() - done);
    if (count < 0) {
      if (errno == EINTR) continue;
      fail(path, "read", errno);
    }
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  text.resize(done);
  return text;
}

void sync_folder(const fs::path& path) {
  const Descriptor folder(::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) fail(path, "open", errno);
  if (::fsync(folder.get()) != 0 && errno != EINVAL && errno != EROFS) fail(path, "sync", errno);
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(place_of(path), error);
  if (error) {
    if (error.value() == ENOTDIR || error.value() == EEXIST)
      throw Error(Fault::io, path.string(), "cannot create the folder: a file is in the way");
    fail(path, "create the folder", error.value());
  }
}

struct FileWriter::State {
  fs::path path;
  Descriptor file;
  std::string buffer;
};

FileWriter::FileWriter(const fs::path& path, Mode mode, const fs::path& named)
    : state_(new State{
          named.empty() ? path : named,
          Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (mode == Mode::create ? O_TRUNC : O_APPEND), 0666)),
          {}}) {
  if (state_->file.get() < 0) fail(state_->path, "write", errno);
}
FileWriter::~FileWriter() {
  try {
    if (state_) flush();
  } catch (const Error&) {  // a caller who needs to know calls close()
  }
}
FileWriter::FileWriter(FileWriter&&) noexcept = default;
FileWriter& FileWriter::operator=(FileWriter&&) noexcept = default;

void FileWriter::write(std::string_view bytes) {
  constexpr std::size_t kBuffer = 1 << 16;
  if (state_->buffer.size() + bytes.size() > kBuffer) flush();
  if (bytes.size() > kBuffer) {
    write_all(state_->file.get(), bytes.data(), bytes.size(), state_->path);
  } else {
    state_->buffer.append(bytes);
  }
}
void FileWriter::write(std::span<const std::byte> bytes) {
  write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}
void FileWriter::write_at(std::uint64_t offset, std::string_view bytes) {
  flush();
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t count =
        ::pwrite(state_->file.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (count < 0) {
      if (errno == EINTR) continue;
      fail(state_->path, "write", errno, bytes.size() - done);
    }
    done += static_cast<std::size_t>(count);
  }
}
void FileWriter::flush() {
  write_all(state_->file.get(), state_->buffer.data(), state_->buffer.size(), state_->path);
  state_->buffer.clear();
}
void FileWriter::sync() {
  flush();
  if (::fsync(state_->file.get()) != 0) fail(state_->path, "sync", errno);
}
void FileWriter::close() {
  sync();
  const int descriptor = state_->file.release();
  const fs::path path = state_->path;
  state_.reset();
  if (::close(descriptor) != 0) fail(path, "close", errno);
}

MappedFile::MappedFile(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail(path, "read", errno);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) fail(path, "read", errno);
  if (!S_ISREG(facts.st_mode)) throw Error(Fault::bad_data, path.string(), "is not a regular file");
  size_ = static_cast<std::size_t>(facts.st_size);
  if (size_ == 0) return;
  void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (memory == MAP_FAILED) fail(path, "map", errno);
  data_ = static_cast<const std::byte*>(memory);
}
MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}
MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

FileLock::FileLock(const fs::path& path, const std::string& what)
    : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) fail(path, "lock", errno);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    char holder[32] = {};
    const ssize_t count = ::pread(descriptor_, holder, sizeof holder - 1, 0);
    ::close(std::exchange(descriptor_, -1));
    if (error != EWOULDBLOCK) fail(path, "lock", error);
    throw Error(Fault::failure, what,
                "is being written by another process" + (count > 0 ? " (" + std::string(holder) + ")" : std::string()),
                "wait for it, or stop it first");
  }
  const std::string self = "pid " + std::to_string(::getpid());
  if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, self.data(), self.size(), 0) < 0) {  // the name is a courtesy
  }
}
FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace isoflop
