// SPDX-License-Identifier: Apache-2.0
// The last parts of states, and the words that lead from one to the next. Not safe for threads.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>

#include "contract/state_stream.h"

namespace smic::distribution {

using contract::PartPtr;

// A part, and those before it.
struct Parts {
  std::deque<PartPtr> last;  // newest first

  const contract::Part* newest() const { return last.empty() ? nullptr : last.front().get(); }
  void add(PartPtr part, std::size_t most) {
    if (!last.empty() && last.front()->hash == part->hash) return;
    last.push_front(std::move(part));
    if (last.size() > most) last.pop_back();
  }
  PartPtr find(const contract::Hash& hash) const {
    const auto found =
        std::ranges::find(last, hash, [](const PartPtr& part) { return part->hash; });
    return found == last.end() ? nullptr : *found;
  }
};

// The lines from one mesh part to another, written once for all who need them.
class Texts {
 public:
  std::shared_ptr<const std::string> get(const PartPtr& from, const PartPtr& to) {
    for (const Entry& entry : entries_) {
      if (entry.from == from && entry.to == to) return entry.text;
    }
    static const PartPtr nothing = std::make_shared<const contract::Part>();
    const std::string text =
        contract::delta_lines(contract::difference(from ? *from : *nothing, *to));
    entries_.push_front({from, to, std::make_shared<const std::string>(text)});
    if (entries_.size() > kRemembered) entries_.pop_back();
    return entries_.front().text;
  }
  void clear() { entries_.clear(); }

 private:
  static constexpr std::size_t kRemembered = 8;
  struct Entry {
    PartPtr from, to;
    std::shared_ptr<const std::string> text;
  };
  std::deque<Entry> entries_;
};

}  // namespace smic::distribution
