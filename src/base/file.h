// Files and folders as the system has them. Every failure is Error{io} or Error{missing_input}, naming the path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace isoflop {

/// Reads a whole small file. Throws missing_input or io.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

/// Creates a folder and its parents. Throws io.
void make_folder(const std::filesystem::path& path);
/// fsync of a folder, so that a rename in it survives power loss.
void sync_folder(const std::filesystem::path& path);

/// A sequential writer with its own buffer; close() syncs. Throws io, with the bytes free when the disk is full; never from the
/// destructor.
class FileWriter {
 public:
  enum class Mode { create, append };
  /// Errors name `named`, or the path.
  FileWriter(const std::filesystem::path& path, Mode mode, const std::filesystem::path& named = {});
  ~FileWriter();
  FileWriter(FileWriter&&) noexcept;
  FileWriter& operator=(FileWriter&&) noexcept;
  void write(std::string_view bytes);
  void write(std::span<const std::byte> bytes);
  void write_at(std::uint64_t offset, std::string_view bytes);  ///< over bytes written before (Mode::create): a header known last
  void flush();  ///< to the kernel
  void sync();   ///< to the disk
  void close();  ///< sync and close
 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A read-only mapping.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&&) noexcept;
  MappedFile& operator=(MappedFile&&) noexcept;
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// An exclusive lock on a file (flock), held for the object's life.
class FileLock {
 public:
  /// Throws Error{failure} naming `what` and the holder's process id if it is taken.
  FileLock(const std::filesystem::path& path, const std::string& what);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace isoflop
