#include "base/output.h"

#include <fcntl.h>
#include <stdio.h>   // NOLINT(modernize-deprecated-headers): renameat2
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "isoflop/base.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;

fs::path parent_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// what cannot be replaced by another file of its name: a device, a pipe, and /dev/stdout, whatever it leads to;
// /dev/shm holds plain files
bool takes_bytes_as_they_come(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status)) return true;
  const fs::path folder = fs::weakly_canonical(parent_of(path), error);
  return !error && (folder == "/dev" || folder.string().starts_with("/proc/"));
}

// what was private stays so
void keep_permissions(const fs::path& earlier, const fs::path& later) {
  std::error_code error;
  const fs::file_status status = fs::status(earlier, error);
  if (!error && fs::exists(status)) fs::permissions(later, status.permissions(), error);
}

[[noreturn]] void cannot_move(const fs::path& place, const std::error_code& error) {
  throw Error(Fault::io, place.string(), "cannot put what is finished into its place: " + error.message());
}

}  // namespace

fs::path place_of(const fs::path& named) {
  constexpr int kMostLinks = 40;  // as the system follows
  fs::path place = named;
  std::error_code error;
  for (int links = 0; fs::is_symlink(place, error); ++links) {
    if (links == kMostLinks) throw Error(Fault::io, named.string(), "is a symbolic link that leads back to itself");
    const fs::path next = fs::read_symlink(place, error);
    if (error) throw Error(Fault::io, named.string(), "cannot follow the symbolic link: " + error.message());
    place = parent_of(place) / next;  // an absolute one stands for itself
    if (!place.has_filename()) place = place.parent_path();  // a slash at the end
  }
  return place;
}

struct OutputFile::State {
  fs::path place, temporary;  // the second is empty where bytes go as they come
  std::optional<FileWriter> writer;
};

OutputFile::OutputFile(const fs::path& path) : state_(std::make_unique<State>()) {
  State& s = *state_;
  if (takes_bytes_as_they_come(path)) {
    s.writer.emplace(path, FileWriter::Mode::append);
    return;
  }
  s.place = place_of(path);
  std::error_code error;
  if (fs::is_directory(s.place, error)) throw Error(Fault::io, path.string(), "is a folder, expected a file to write");
  s.temporary = s.place.string() + ".tmp" + std::to_string(::getpid());
  s.writer.emplace(s.temporary, FileWriter::Mode::create, path);
  keep_permissions(s.place, s.temporary);
}

OutputFile::~OutputFile() {
  state_->writer.reset();
  if (!state_->temporary.empty()) ::unlink(state_->temporary.c_str());
}

void OutputFile::write(std::string_view bytes) { state_->writer->write(bytes); }

void OutputFile::finish() {
  State& s = *state_;
  if (s.temporary.empty()) {
    s.writer->flush();
    s.writer.reset();
    return;
  }
  s.writer->close();
  s.writer.reset();
  if (::rename(s.temporary.c_str(), s.place.c_str()) != 0) cannot_move(s.place, {errno, std::generic_category()});
  s.temporary.clear();
  sync_folder(s.place.parent_path());
}

void write_output(const std::string& path, std::string_view bytes) {
  OutputFile file(path);
  file.write(bytes);
  file.finish();
}

FolderLock::FolderLock(const fs::path& folder) : handle_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (handle_ < 0 || ::flock(handle_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(handle_);
  throw Error(Fault::failure, folder.string(), "is being written by another process", "wait for it, or choose another folder");
}

FolderLock::~FolderLock() {
  if (handle_ >= 0) ::close(handle_);
}

ScratchFolder::ScratchFolder(fs::path path) {
  {
    const FolderLock before(path);
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  make_folder(path);
  lock_.emplace(path);
  path_ = std::move(path);
}

ScratchFolder::ScratchFolder(const fs::path& parent, const std::string& prefix) {
  std::string name = (fs::absolute(parent) / (prefix + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw Error(Fault::io, parent.string(), "cannot make a folder in it", "choose a place you may write to");
  }
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

void ScratchFolder::not_moved(const fs::path& place, const std::error_code& error) {
  const fs::path kept = std::exchange(path_, {});
  throw Error(Fault::io, place.string(), "cannot put what is finished into its place: " + error.message(),
              "it is whole in " + kept.string() + ": move it; a mount point cannot be replaced, name a folder inside it");
}

bool ScratchFolder::rename_to(const fs::path& place) {
  sync_folder(path_);
  std::error_code error;
  fs::rename(path_, place, error);
  if (error && !fs::exists(place)) not_moved(place, error);
  if (error) return false;
  path_.clear();
  sync_folder(parent_of(place));
  return true;
}

void ScratchFolder::replace(const fs::path& place) {
  sync_folder(path_);
  keep_permissions(place, path_);
  const bool moved = ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, place.c_str(), RENAME_NOREPLACE) == 0;
  // exchanged: what was there goes with this object
  if (!moved && ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) != 0) {
    // a file system that cannot exchange: what is there goes aside first
    const fs::path aside = path_.string() + ".old";
    std::error_code error, ignored;
    const bool there = fs::exists(place, ignored);
    if (there) fs::rename(place, aside, error);
    if (error) not_moved(place, error);
    fs::rename(path_, place, error);
    if (error && there) fs::rename(aside, place, ignored);
    if (error) not_moved(place, error);
    path_.clear();
    fs::remove_all(aside, ignored);
  }
  if (moved) path_.clear();
  sync_folder(parent_of(place));
}

}  // namespace isoflop
