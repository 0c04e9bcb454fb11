// SPDX-License-Identifier: Apache-2.0
// The front door of controller/dns, the stub manager's thinking (DESIGN §7): a cluster's DNS
// configuration as text in, the same with the mesh's zones forwarded out. Pure functions on text;
// reading and writing the cluster is somebody else's.
//   corefile.h      CoreDNS's configuration language, parsed
//   edit_corefile   one marked block in a Corefile, added, renewed, taken out
//   stub_domains    the same in kube-dns's JSON
//   config_map.h    such a text where it stands in a ConfigMap's manifest
//   difference.h    what an edit changes, for people
//
// Every edit is idempotent, and taking out gives back the original byte for byte. What is not
// understood is refused with a located reason: a Corefile that does not load is a time bomb, the
// running CoreDNS keeps the old one and the next restart ends the cluster's DNS.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"

namespace smic::dns_stub {

struct Stub {
  std::vector<std::string> zones;       // "mesh", "shop.svc.cluster.local"; sorted, at least one
  std::vector<std::string> responders;  // "10.96.0.53", "10.96.0.53:5353", "[fd00::53]:53"
  // Ask before an old answer is given, so that one is given only while the responders are down.
  // CoreDNS before 1.9.4 does not know this and gives old answers first.
  bool verify_stale = true;
};

// What is wrong with the names and addresses themselves, or nothing.
std::optional<std::string> check(const Stub& stub);

// ---- CoreDNS ------------------------------------------------------------------------------------

// The text with the block for `stub`; a block that is there already is renewed. Nothing, with the
// reason in `diagnostics`, if the text is not understood or has zones of ours that we did not
// write.
std::optional<std::string> add_to_corefile(const Sources& sources, SourceId corefile,
                                           const Stub& stub, Diagnostics& diagnostics);
// Without our block. Nothing if its markers are damaged.
std::optional<std::string> take_from_corefile(const Sources& sources, SourceId corefile,
                                              Diagnostics& diagnostics);
bool has_block(std::string_view corefile);

// What a Corefile says of the DNS that runs by it.
struct Traits {
  std::vector<std::string> cluster_domains;  // of `kubernetes`, reverse zones left away
  bool reloads = false;  // false: a change is certainly taken up at its next start only
};
std::optional<Traits> traits_of(const Sources& sources, SourceId corefile,
                                Diagnostics& diagnostics);

// Where a Corefile imports files that a ConfigMap of the owner's users provides (AKS and k3s:
// `coredns-custom`), the block can be a file of its own there, which survives the owner's next
// apply.
struct ImportHook {
  std::string directory;  // "/etc/coredns/custom"; relative ones are so to the Corefile's
  std::string file;       // a name that is imported there: "smic.server"
};
// In the order of the imports. None where the Corefile is not understood.
std::vector<ImportHook> import_hooks(const Sources& sources, SourceId corefile);
// The text of that file: the block alone, under the same conditions as in the Corefile itself.
std::optional<std::string> custom_file(const Sources& sources, SourceId corefile, const Stub& stub,
                                       Diagnostics& diagnostics);

// ---- kube-dns -----------------------------------------------------------------------------------

// `stubDomains` of the ConfigMap kube-dns: JSON, or empty where there is no such key.
std::optional<std::string> add_to_stub_domains(const Sources& sources, SourceId json,
                                               const Stub& stub, Diagnostics& diagnostics);
// Empty: the key was not there before us, and goes.
std::optional<std::string> take_from_stub_domains(const Sources& sources, SourceId json,
                                                  Diagnostics& diagnostics);

}  // namespace smic::dns_stub
