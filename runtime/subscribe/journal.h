// SPDX-License-Identifier: Apache-2.0
// The last good state in a file, in the words in which it came: a whole state first, then what
// changed it, appended. So a change costs the disk what it cost the wire, nothing is translated,
// and what is read back is judged as if it came from a stranger: by the signature of the last head
// and the hashes in it.
//
//   DIR/state   messages as in contract/state_stream.h; the first one is whole
//   DIR/.lock   held by the process that writes. While a proxy takes over from another on the same
//               node, the new one reads, and begins to write when the old one is gone
//
// A message that was cut off in the middle never happened: the state before it counts. When more
// was appended than the state itself takes, it is written anew, beside the old one, and renamed.
#pragma once

#include <filesystem>
#include <optional>

#include "base/result.h"
#include "contract/state_stream.h"

namespace smic::subscribe {

class Journal {
 public:
  static Result<Journal> open(std::filesystem::path directory);
  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&&) = delete;
  ~Journal();

  // None: nothing was kept yet.
  Result<std::optional<contract::State>> load(const std::string& node,
                                              const contract::Trust& trust) const;

  // `state` is what `message` has led to.
  Result<void> keep(const contract::Message& message, const contract::State& state);

  // Of how many bytes more than the state itself takes it is written anew.
  static constexpr std::size_t kLeastToRewrite = std::size_t{4} << 20;
  bool rewritten() const { return rewritten_; }  // by the last keep()

 private:
  Journal(std::filesystem::path directory, int lock);
  bool writing();
  Result<void> rewrite(const contract::Message& message, const contract::State& state);
  Result<void> append(const std::string& text);

  std::filesystem::path directory_;
  int lock_ = -1;
  bool writing_ = false;
  int file_ = -1;              // to append to; -1: what is there is not what we would go on from
  std::uint64_t version_ = 0;  // that the file ends with
  std::size_t whole_ = 0, appended_ = 0;
  bool rewritten_ = false;
};

}  // namespace smic::subscribe
