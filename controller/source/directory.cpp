// SPDX-License-Identifier: Apache-2.0
// A directory seen through inotify. Two things make the difference between "watched" and "safe to
// edit while it serves":
//
//   A file between its first write and its close is half a file. From IN_MODIFY to IN_CLOSE_WRITE
//   it keeps its last text (a new one does not exist yet), for at most kWriterPatience.
//
//   A file that became empty or went away may be back in a moment: editors truncate and write, or
//   rename the old one away first. It keeps its last text for kVanishPatience, then it is gone.
//
// The reader looks again if anything happened while it read, so it never hands on a torn file. The
// price is kQuiet on every change, and kVanishPatience on a deletion.
// Tested by directory_test.cpp.
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>

#include "compiler/resources/resources.h"
#include "controller/source/source.h"

namespace smic::source {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
namespace fs = std::filesystem;

constexpr milliseconds kQuiet{3};              // no event for so long ends a burst
constexpr milliseconds kLongestBurst{50};      // or this, if events never stop
constexpr milliseconds kVanishPatience{150};   // an empty or missing file may come back
constexpr milliseconds kWriterPatience{2000};  // a writer may keep a file open
constexpr milliseconds kRewatch{200};          // how often a vanished directory is looked for
constexpr int kTornReads = 20;                 // looks at a directory that keeps changing

constexpr std::uint32_t kInterest = IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE |
                                    IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;

bool blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::string system_error(const std::string& what) { return what + ": " + std::strerror(errno); }

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

class WatchedDirectory final : public Source {
 public:
  explicit WatchedDirectory(std::string root)
      : root_(std::move(root)),
        inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
        stop_(::eventfd(0, EFD_CLOEXEC)),
        poke_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  Result<void> open() {
    if (inotify_.get() < 0 || stop_.get() < 0 || poke_.get() < 0)
      return fail(system_error("inotify"));
    return add_watches();
  }

  Result<Sources> read() override {
    for (int attempt = 0; attempt < kTornReads; ++attempt) {
      drain();
      auto fresh = look();
      if (drain()) continue;  // something happened meanwhile; what was read may be torn
      return fresh ? settle(std::move(*fresh)) : fresh;
    }
    auto fresh = look();
    return fresh ? settle(std::move(*fresh)) : fresh;
  }

  bool wait() override {
    std::optional<Clock::time_point> first, latest;
    for (;;) {
      const auto now = Clock::now();
      if (first && (now >= *latest + kQuiet || now >= *first + kLongestBurst)) return true;
      if (!first && look_again_ && now >= *look_again_) return true;
      if (!poll_until(wake_at(first, latest))) return false;
      if (take_poke()) return true;
      if (watches_.empty() && add_watches()) first = latest = Clock::now();
      if (drain()) {
        latest = Clock::now();
        if (!first) first = latest;
      }
    }
  }

  void stop() override { raise(stop_); }
  void poke() override { raise(poke_); }

 private:
  static void raise(const Descriptor& event) {
    const std::uint64_t one = 1;
    [[maybe_unused]] auto written = ::write(event.get(), &one, sizeof one);
  }

  bool take_poke() {
    std::uint64_t count = 0;
    return ::read(poke_.get(), &count, sizeof count) > 0;
  }

  std::optional<Clock::time_point> wake_at(std::optional<Clock::time_point> first,
                                           std::optional<Clock::time_point> latest) const {
    if (first) return std::min(*latest + kQuiet, *first + kLongestBurst);
    if (watches_.empty()) return Clock::now() + kRewatch;
    return look_again_;
  }

  // False: stopped.
  bool poll_until(std::optional<Clock::time_point> deadline) {
    std::array<pollfd, 3> fds{
        {{stop_.get(), POLLIN, 0}, {inotify_.get(), POLLIN, 0}, {poke_.get(), POLLIN, 0}}};
    int timeout = -1;
    if (deadline) {
      const auto left = std::chrono::ceil<milliseconds>(*deadline - Clock::now()).count();
      timeout = static_cast<int>(std::max<decltype(left)>(left, 0));
    }
    ::poll(fds.data(), fds.size(), timeout);
    return (fds[0].revents & POLLIN) == 0;
  }

  Result<Sources> look() const {
    return resources::read_paths({root_}, resources::EmptyFolder::accept);
  }

  // Takes every event there is. True if there was any that can concern us.
  bool drain() {
    bool any = false;
    alignas(inotify_event) std::array<char, 16 * 1024> buffer;
    for (;;) {
      const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
      if (size <= 0) return any;
      for (ssize_t at = 0; at < size;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
        note(*event);
        any = true;
        at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      }
    }
  }

  void note(const inotify_event& event) {
    if (event.mask & IN_Q_OVERFLOW) return;  // whatever it was, the next read sees it
    const auto watch = watches_.find(event.wd);
    if (watch == watches_.end()) return;
    if (event.mask & IN_IGNORED) {
      watches_.erase(watch);
      return;
    }
    if ((event.mask & IN_MOVE_SELF) && watch->second == root_) {
      forget_tree();  // it is no longer where we were told to look
      return;
    }
    if (event.len == 0) return;
    const fs::path path = watch->second / event.name;
    if (event.mask & IN_ISDIR) {
      if (event.mask & (IN_CREATE | IN_MOVED_TO)) add_tree(path);
    } else if (event.mask & IN_MODIFY) {
      being_written_[path.string()] = Clock::now() + kWriterPatience;
    } else if (event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)) {
      being_written_.erase(path.string());
    }
  }

  Result<void> add_watches() {
    std::error_code error;
    if (!fs::is_directory(root_, error)) return fail(root_ + ": not a directory");
    add_tree(root_);
    if (watches_.empty()) return fail(system_error("watch " + root_));
    return {};
  }

  void add_tree(const fs::path& directory) {
    const int watch =
        ::inotify_add_watch(inotify_.get(), directory.c_str(), kInterest | IN_ONLYDIR);
    if (watch < 0) return;  // gone again; its parent tells
    watches_[watch] = directory;
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
      std::error_code unknown;
      if (entry->is_directory(unknown) && !entry->is_symlink(unknown)) add_tree(entry->path());
    }
  }

  void forget_tree() {
    for (const auto& [watch, directory] : watches_) ::inotify_rm_watch(inotify_.get(), watch);
    watches_.clear();
  }

  // Puts the last text in the place of what has not settled.
  Sources settle(Sources fresh) {
    std::map<std::string, std::string> now;
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      now[fresh.name(SourceId(i))] = std::string(fresh.text(SourceId(i)));
    }
    look_again_.reset();
    const bool written = hold_written(now);
    const bool held = hold_vanished(now) || written;
    texts_ = now;
    if (!held) return fresh;
    Sources settled;
    for (auto& [name, text] : now) settled.add(name, std::move(text));
    return settled;
  }

  bool hold_written(std::map<std::string, std::string>& now) {
    bool held = false;
    for (auto writer = being_written_.begin(); writer != being_written_.end();) {
      if (Clock::now() >= writer->second) {
        writer = being_written_.erase(writer);
        continue;
      }
      held = true;
      look_again_at(writer->second);
      if (const auto last = texts_.find(writer->first); last != texts_.end()) {
        now[last->first] = last->second;
      } else {
        now.erase(writer->first);
      }
      ++writer;
    }
    return held;
  }

  bool hold_vanished(std::map<std::string, std::string>& now) {
    bool held = false;
    for (const auto& [name, last] : texts_) {
      const auto found = now.find(name);
      if (blank(last) || (found != now.end() && !blank(found->second))) {
        vanished_.erase(name);
        continue;
      }
      const auto until = vanished_.try_emplace(name, Clock::now() + kVanishPatience).first->second;
      if (Clock::now() >= until) {
        vanished_.erase(name);
        continue;
      }
      held = true;
      look_again_at(until);
      now[name] = last;
    }
    return held;
  }

  void look_again_at(Clock::time_point when) {
    look_again_ = look_again_ ? std::min(*look_again_, when) : when;
  }

  std::string root_;
  Descriptor inotify_;
  Descriptor stop_;
  Descriptor poke_;
  std::map<int, fs::path> watches_;                         // by watch descriptor
  std::map<std::string, Clock::time_point> being_written_;  // until when we wait for the writer
  std::map<std::string, Clock::time_point> vanished_;       // until when we wait for the return
  std::map<std::string, std::string> texts_;                // as handed on by the last read()
  std::optional<Clock::time_point> look_again_;
};

}  // namespace

Result<std::unique_ptr<Source>> watch_directory(std::string directory) {
  fs::path root = fs::path(std::move(directory)).lexically_normal();
  if (!root.has_filename() && root.has_parent_path() && root != root.root_path()) {
    root = root.parent_path();  // "shop/" and "shop" give the same names
  }
  auto watched = std::make_unique<WatchedDirectory>(root.string());
  if (auto opened = watched->open(); !opened) return std::unexpected(opened.error());
  return watched;
}

}  // namespace smic::source
