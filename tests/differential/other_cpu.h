// SPDX-License-Identifier: Apache-2.0
// Code for a CPU that this machine is not. A unit's object is linked with a small program
// (aarch64_runner.cpp) and run by an emulator, which answers as the unit's code does.
//
// The linker is lld where a node uses JITLink; both apply the same relocations, and what JITLink
// makes of them is checked on each node's own CPU. So this judges the code, not the linking.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "contract/abi.h"
#include "contract/image.h"

namespace smic::test {

class EmulatedUnit {
 public:
  // Ends the test if the object does not link.
  EmulatedUnit(std::span<const std::byte> aarch64_object, std::size_t header_slots);
  ~EmulatedUnit();
  EmulatedUnit(const EmulatedUnit&) = delete;
  EmulatedUnit& operator=(const EmulatedUnit&) = delete;

  void match(const contract::RequestView& view, contract::Verdict& verdict);
  std::uint32_t split(std::uint64_t entropy) const;  // of the route that the last match took

 private:
  void link(std::span<const std::byte> object) const;
  void start();
  void send(const std::vector<std::uint8_t>& message) const;
  std::vector<std::uint64_t> receive() const;

  std::filesystem::path folder_;
  std::size_t header_slots_;
  int child_ = -1;
  int socket_ = -1;                   // the child's standard input and output
  std::vector<std::uint64_t> picks_;  // for each of kEntropies
};

}  // namespace smic::test
