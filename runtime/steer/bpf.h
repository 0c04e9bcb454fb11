// SPDX-License-Identifier: Apache-2.0
// bpf(2), as far as steering needs it: maps, one kind of program, and its link to a network
// namespace. bpf.cpp and bpf_program.cpp are its door; no instruction or attribute of
// the kernel's leaves them.
//
// Why not libbpf: it would bring libelf and zlib to every node to load forty instructions that have
// no relocation, no BTF and no CO-RE.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "runtime/steer/descriptor.h"

namespace smic::steer::bpf {

// What a connection or datagram is for, as the program looks it up.
struct Target {
  std::uint32_t address[4] = {};  // in the order of the wire; of IPv4 the first word
  std::uint32_t port = 0;         // of the host's order
  std::uint32_t kind = 0;         // kStreams4 …
};
inline constexpr std::uint32_t kV6 = 1, kDatagrams = 2;  // bits of Target::kind

inline constexpr std::uint32_t kMostTargets = 1 << 20;

Result<Descriptor> make_targets();  // Target → index into sockets
Result<Descriptor> make_sockets(std::uint32_t count);
Result<void> set_target(int targets, const Target& target, std::uint32_t socket);
Result<void> remove_target(int targets, const Target& target);
Result<void> set_socket(int sockets, std::uint32_t index, int socket);

// Of what arrives for an address in `ranges`: a known target's goes to its socket (or another one
// of the socket's SO_REUSEPORT group), all else is refused as if nobody listened, whoever may
// listen on the wildcard address. What is for other addresses is left alone.
Result<Descriptor> load_program(std::span<const IpRange> ranges, int targets, int sockets);

Result<Descriptor> attach(int program, int network_namespace);
Result<void> replace(int link, int program);
void detach(int link);

}  // namespace smic::steer::bpf
