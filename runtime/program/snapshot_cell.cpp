// SPDX-License-Identifier: Apache-2.0
// Publication without locks on the reader's side, and the proof that nobody is left inside.
//
// Each reader has a word `holds`: 0 while it is quiet, else the number of the newest publication at
// the time it stopped being quiet, so that whatever it holds is that publication or a later one. A
// replaced snapshot n is freed when every reader is quiet or has a number above n.
//
// The one race that matters: a reader wakes up and loads the old pointer while the writer looks at
// `holds`, sees 0, and frees. Both do a read-modify-write on that same word, so one of them is
// first. If the reader is, the writer sees it. If the writer is, the reader's acquire makes the
// publication visible to it before it loads the pointer. So acquire and release suffice, there is
// no fence (which ThreadSanitizer would not understand), and a reader pays one exchange per
// wake-up.
//
// A reader that sleeps in epoll for an hour is quiet and holds up nothing.
//
// Tested by tests/unit/program/snapshot_cell_test.cpp; under ThreadSanitizer too.
#include <algorithm>
#include <mutex>

#include "base/check.h"
#include "runtime/program/program.h"

namespace smic::program {
namespace {

struct Published {
  std::shared_ptr<const Snapshot> snapshot;
  std::uint64_t number;  // 1, 2, …
};

// A cache line of its own (two, because of the adjacent line prefetch).
struct alignas(128) Reader {
  std::atomic<std::uint64_t> holds{0};
  std::atomic<std::uint64_t> version{0};  // of the newest snapshot it has read
  bool awake = false;                     // the reader's own
};

}  // namespace

struct SnapshotCell::Impl {
  explicit Impl(std::size_t count) : readers(count) {}

  std::atomic<const Published*> current{nullptr};
  std::atomic<std::uint64_t> newest{0};
  std::vector<Reader> readers;

  mutable std::mutex writing;  // the writer, admin and metrics; never a reader
  std::unique_ptr<const Published> in_force;
  std::vector<std::unique_ptr<const Published>> replaced;  // oldest first

  // Read by a read-modify-write: see the preface.
  static std::uint64_t holds(Reader& reader) {
    return reader.holds.fetch_add(0, std::memory_order_acq_rel);
  }

  std::uint64_t oldest_held() {
    std::uint64_t oldest = ~std::uint64_t{0};
    for (Reader& reader : readers) {
      if (const std::uint64_t number = holds(reader); number != 0)
        oldest = std::min(oldest, number);
    }
    return oldest;
  }
};

SnapshotCell::SnapshotCell(std::size_t readers) : impl_(std::make_unique<Impl>(readers)) {}

SnapshotCell::~SnapshotCell() = default;

void SnapshotCell::publish(std::shared_ptr<const Snapshot> snapshot) {
  SMIC_CHECK(snapshot, "a snapshot is published that is none");
  {
    const std::lock_guard lock(impl_->writing);
    const std::uint64_t number = impl_->newest.load(std::memory_order_relaxed) + 1;
    auto next = std::make_unique<const Published>(std::move(snapshot), number);
    impl_->current.store(next.get(), std::memory_order_release);
    impl_->newest.store(number, std::memory_order_release);  // after the pointer, see read()
    if (impl_->in_force) impl_->replaced.push_back(std::move(impl_->in_force));
    impl_->in_force = std::move(next);
  }
  reclaim();
}

std::shared_ptr<const Snapshot> SnapshotCell::current() const {
  const std::lock_guard lock(impl_->writing);
  return impl_->in_force ? impl_->in_force->snapshot : nullptr;
}

bool SnapshotCell::enforced_by_all(std::uint64_t version) const {
  const std::lock_guard lock(impl_->writing);
  if (!impl_->in_force || impl_->in_force->snapshot->version < version) return false;
  return std::ranges::all_of(impl_->readers, [&](Reader& reader) {
    return Impl::holds(reader) == 0 || reader.version.load(std::memory_order_acquire) >= version;
  });
}

void SnapshotCell::reclaim() {
  std::vector<std::unique_ptr<const Published>> free;  // destroyed after the lock is gone
  const std::lock_guard lock(impl_->writing);
  if (impl_->replaced.empty()) return;
  const std::uint64_t oldest = impl_->oldest_held();
  const auto kept = std::ranges::find_if(
      impl_->replaced, [&](const auto& published) { return published->number >= oldest; });
  std::move(impl_->replaced.begin(), kept, std::back_inserter(free));
  impl_->replaced.erase(impl_->replaced.begin(), kept);
}

const Snapshot* SnapshotCell::read(std::size_t index) {
  Reader& reader = impl_->readers[index];
  if (!reader.awake) {
    reader.awake = true;
    // The pointer is stored before the number, so what is loaded below is this number or later.
    const std::uint64_t number = impl_->newest.load(std::memory_order_acquire);
    reader.holds.exchange(std::max<std::uint64_t>(number, 1), std::memory_order_acq_rel);
  }
  const Published* published = impl_->current.load(std::memory_order_acquire);
  if (!published) return nullptr;
  const std::uint64_t version = published->snapshot->version;
  if (reader.version.load(std::memory_order_relaxed) != version) {
    reader.version.store(version, std::memory_order_release);
  }
  return published->snapshot.get();
}

void SnapshotCell::quiet(std::size_t index) {
  Reader& reader = impl_->readers[index];
  if (!reader.awake) return;
  reader.awake = false;
  reader.holds.store(0, std::memory_order_release);
}

}  // namespace smic::program
