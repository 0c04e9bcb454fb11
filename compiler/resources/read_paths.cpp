// SPDX-License-Identifier: Apache-2.0
// Files, folders and stdin to sources: the only place where the compiler's input meets the world.
//
// Folders are read in name order, so that the same tree gives the same sources everywhere. Hidden
// names are passed over, which takes care of editors' swap files and of the `..data` links in
// mounted ConfigMaps; other names count by their ending, which takes care of `web.yaml~` and
// `web.yaml.bak`. Links are followed, but no folder is entered from inside of itself.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>

#include "compiler/resources/limits.h"
#include "compiler/resources/resources.h"

namespace smic::resources {
namespace {

namespace fs = std::filesystem;

bool is_manifest_name(const fs::path& path) {
  const std::string extension = path.extension();
  return extension == ".yaml" || extension == ".yml" || extension == ".json" ||
         extension == ".smir";
}

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

class Reader {
 public:
  explicit Reader(EmptyFolder empty) : empty_(empty) {}

  Result<Sources> read(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      if (const Result<void> done = path == "-" ? read_stdin() : read_path(path); !done) {
        return std::unexpected(done.error());
      }
    }
    return std::move(sources_);
  }

 private:
  Result<void> read_stdin() { return read_stream(stdin, "<stdin>"); }

  Result<void> read_path(const std::string& given) {
    const fs::path path = fs::path(given).lexically_normal();
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) {
      return fail("read " + given + ": " +
                  (error && status.type() != fs::file_type::not_found ? error.message()
                                                                      : "no such file or folder"));
    }
    if (!fs::is_directory(status)) return read_file(path);
    const std::size_t before = files_;
    if (auto done = read_folder(path, 0); !done) return done;
    if (files_ == before && !found_again_ && empty_ == EmptyFolder::refuse) {
      return fail("read " + given +
                  ": no manifests in this folder; they are named *.yaml, *.yml, *.json or *.smir");
    }
    return {};
  }

  Result<void> read_folder(const fs::path& folder, std::size_t depth) {
    std::error_code error;
    const fs::path canonical = fs::canonical(folder, error);
    if (error) return fail("read " + folder.string() + ": " + error.message());
    if (std::ranges::find(inside_of_, canonical) != inside_of_.end()) return {};
    if (depth > limits::kFolderDepth) {
      return fail("read " + folder.string() + ": folders are nested more than " +
                  std::to_string(limits::kFolderDepth) + " levels deep");
    }
    std::vector<fs::path> entries;
    fs::directory_iterator iterator(folder, error);
    for (; !error && iterator != fs::directory_iterator(); iterator.increment(error)) {
      if (!is_hidden(iterator->path())) entries.push_back(iterator->path());
    }
    if (error) return fail("read " + folder.string() + ": " + error.message());
    std::ranges::sort(entries);
    inside_of_.push_back(canonical);
    for (const fs::path& entry : entries) {
      if (auto done = read_entry(entry, depth); !done) return done;
    }
    inside_of_.pop_back();
    return {};
  }

  // What is no folder and no regular file (sockets, pipes, links to nowhere) is passed over.
  Result<void> read_entry(const fs::path& entry, std::size_t depth) {
    std::error_code error;
    const fs::file_status status = fs::status(entry, error);
    if (fs::is_directory(status)) return read_folder(entry, depth + 1);
    if (fs::is_regular_file(status) && is_manifest_name(entry)) return read_file(entry);
    if (status.type() == fs::file_type::unknown || status.type() == fs::file_type::none) {
      return fail("read " + entry.string() + ": " + error.message());
    }
    return {};
  }

  Result<void> read_file(const fs::path& path) {
    const std::string name = path.string();
    if (!names_.insert(name).second) {
      found_again_ = true;
      return {};
    }
    std::error_code error;
    const std::uintmax_t size = fs::file_size(path, error);
    if (!error && size > limits::kTotalBytes - bytes_) return too_large(name);
    const auto close = [](std::FILE* file) { std::fclose(file); };
    const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(name.c_str(), "rb"), close);
    if (file == nullptr) return fail("read " + name + ": " + std::strerror(errno));
    return read_stream(file.get(), name);
  }

  Result<void> read_stream(std::FILE* file, const std::string& name) {
    if (++files_ > limits::kFiles) {
      return fail("read " + name + ": more than " + std::to_string(limits::kFiles) + " files");
    }
    std::string text;
    char block[64 << 10];
    while (const std::size_t size = std::fread(block, 1, sizeof block, file)) {
      text.append(block, size);
      bytes_ += size;
      if (bytes_ > limits::kTotalBytes) return too_large(name);
    }
    if (std::ferror(file) != 0) return fail("read " + name + ": " + std::strerror(errno));
    sources_.add(name, std::move(text));
    return {};
  }

  static Result<void> too_large(const std::string& name) {
    return fail("read " + name + ": more than " + std::to_string(limits::kTotalBytes >> 20) +
                " MiB of manifests");
  }

  EmptyFolder empty_;
  Sources sources_;
  std::set<std::string> names_;
  std::vector<fs::path> inside_of_;  // the folders that are being read, outermost first
  std::size_t files_ = 0;
  std::size_t bytes_ = 0;
  bool found_again_ = false;
};

}  // namespace

Result<Sources> read_paths(const std::vector<std::string>& paths, EmptyFolder empty) {
  return Reader(empty).read(paths);
}

}  // namespace smic::resources
