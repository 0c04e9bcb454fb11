// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/subscribe/journal_test.cpp.
#include "runtime/subscribe/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <map>

#include "runtime/subscribe/files.h"

namespace smic::subscribe {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxJournal = std::size_t{1} << 30;

// Messages one after another, without a hash for each: only the last state is ever asked for.
struct Replay {
  std::map<std::string, contract::ItemPtr> items;
  std::optional<contract::SignedHead> head;

  Result<void> take(contract::Message message) {
    if (!head) items.clear();
    for (contract::ItemPtr& item : message.delta.set) items[item->key] = std::move(item);
    for (const std::string& key : message.delta.removed) items.erase(key);
    head = std::move(message.head.signed_head);
    return {};
  }

  Result<contract::State> state() const {
    std::vector<contract::ItemPtr> mesh, local;
    for (const auto& [key, item] : items) (contract::is_local(key) ? local : mesh).push_back(item);
    contract::State state{.head = head->head,
                          .mesh = std::make_shared<const contract::Part>(std::move(mesh)),
                          .local = std::make_shared<const contract::Part>(std::move(local))};
    if (state.mesh->hash != head->head.mesh || state.local->hash != head->head.local) {
      return fail("its items are not those that were signed");
    }
    return state;
  }
};

}  // namespace

Result<Journal> Journal::open(fs::path directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return fail("create " + directory.string() + ": " + error.message());
  const int lock = ::open((directory / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return system_error("open " + (directory / ".lock").string());
  return Journal(std::move(directory), lock);
}

Journal::Journal(fs::path directory, int lock) : directory_(std::move(directory)), lock_(lock) {}

Journal::Journal(Journal&& other) noexcept
    : directory_(std::move(other.directory_)),
      lock_(std::exchange(other.lock_, -1)),
      writing_(other.writing_),
      file_(std::exchange(other.file_, -1)),
      version_(other.version_),
      whole_(other.whole_),
      appended_(other.appended_) {}

Journal::~Journal() {
  if (file_ >= 0) ::close(file_);
  if (lock_ >= 0) ::close(lock_);
}

Result<std::optional<contract::State>> Journal::load(const std::string& node,
                                                     const contract::Trust& trust) const {
  const fs::path path = directory_ / "state";
  std::error_code error;
  if (!fs::exists(path, error)) return std::nullopt;
  const auto text = read_file(path, kMaxJournal);
  if (!text) return std::unexpected(text.error());
  Replay replay;
  contract::MessageReader reader(
      [&](contract::Message message) { return replay.take(std::move(message)); });
  if (auto read = reader.read(*text); !read) return fail(read, path.string());
  if (!replay.head) return fail(path.string() + ": there is no whole state in it");
  if (auto good = contract::verify(*replay.head, trust); !good)
    return fail(good.error().with(path.string()).message);
  if (replay.head->head.node != node) {
    return fail(path.string() + ": it is of the node `" + replay.head->head.node + "`");
  }
  auto state = replay.state();
  if (!state) return fail(state, path.string());
  return std::optional(std::move(*state));
}

// Once the lock is ours it stays ours.
bool Journal::writing() {
  writing_ = writing_ || ::flock(lock_, LOCK_EX | LOCK_NB) == 0;
  return writing_;
}

Result<void> Journal::keep(const contract::Message& message, const contract::State& state) {
  rewritten_ = false;
  if (!writing()) return {};
  const bool follows = file_ >= 0 && message.head.base == version_ && version_ != 0;
  if (!follows || appended_ > std::max(whole_, kLeastToRewrite)) return rewrite(message, state);
  if (auto done = append(message.text); !done) return done;
  version_ = state.head.version;
  return {};
}

Result<void> Journal::append(const std::string& text) {
  const ssize_t written = ::write(file_, text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size())) {
    appended_ += text.size();
    return {};
  }
  auto error = system_error("write " + (directory_ / "state").string());
  ::close(
      file_);  // what half of it is there is passed over when it is read, but nothing may follow
  file_ = -1;
  return error;
}

Result<void> Journal::rewrite(const contract::Message& message, const contract::State& state) {
  std::string text = message.text;
  if (message.head.base != 0) {
    auto lines = contract::lines_of(state);
    if (!lines) return std::unexpected(lines.error());
    text = contract::head_line(message.head.signed_head, 0) + '\n' + *lines +
           contract::end_line(state.head.version);
  }
  const fs::path path = directory_ / "state";
  if (auto done = replace_file(path, text, OnDisk::now); !done) return done;
  if (file_ >= 0) ::close(file_);
  file_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file_ < 0) return system_error("open " + path.string());
  whole_ = text.size();
  appended_ = 0;
  version_ = state.head.version;
  rewritten_ = true;
  return {};
}

}  // namespace smic::subscribe
