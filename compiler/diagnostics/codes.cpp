// SPDX-License-Identifier: Apache-2.0
#include "compiler/diagnostics/codes.h"

namespace smic {
namespace {

constexpr Code kCodes[] = {
    {"E01", "a required field is missing or has the wrong type"},
    {"E02", "a match of an HTTPRouteGroup has no name, or two have the same"},
    {"E03", "a regular expression is not RE2 syntax, or is over the limits"},
    {"E04", "a method that is not one of the known ones"},
    {"E05", "a header condition that is malformed, or a header name that is no token"},
    {"E06", "a port outside 1 to 65535"},
    {"E07", "a TrafficTarget without rules or without sources"},
    {"E08", "a rule kind that this version of TrafficTarget does not have"},
    {"E09", "a subject kind that this version does not have, or a group that does not fit it"},
    {"E10", "a TrafficTarget whose destination is in another namespace"},
    {"E11", "an IdentityBinding whose schemes are missing, contradictory or malformed"},
    {"E12", "a TrafficSplit without backends, or with a weight that is no count"},
    {"E13", "a TrafficSplit that lists a backend twice"},
    {"E14", "a TrafficSplit whose root is one of its own backends"},
    {"E15", "a service name that is not in an accepted form, or is in another namespace"},
    {"E16", "a TrafficSplit match that does not refer to an HTTPRouteGroup"},
    {"E50", "a document that cannot be read as YAML or JSON"},
    {"E51", "a document that is over one of the limits on size, depth or number"},
    {"E52", "a .smir source with a syntax error"},
    {"E53", "a .smir unit that is not well formed"},
    {"E54", "a document that is no Kubernetes object: apiVersion, kind or name is missing"},
    {"E55", "an SMI kind or version that does not exist"},
    {"E56", "a key that is written twice in one mapping"},
    {"E57", "a name that Kubernetes does not allow"},
    {"E58", "a unit that several .smir sources, or one and a manifest, define"},
    {"E59", "a unit that is beyond what one image can hold"},
    {"E70", "a file of settings with a key that is no setting"},
    {"E71", "a setting whose value is refused"},
    {"E80", "a DNS configuration that cannot be read"},
    {"E81", "a DNS configuration that the mesh's zones cannot be added to, or taken out of"},
    {"W01", "a route object that a rule or split refers to does not exist"},
    {"W02", "a match name that its HTTPRouteGroup does not have"},
    {"W03", "a route group without matches, or an old TrafficTarget without rules or sources"},
    {"W04", "a service account or IdentityBinding that does not exist or that no pod has"},
    {"W05", "a source without a namespace"},
    {"W06", "a root or backend that is not a Service"},
    {"W07", "a backend that does not have one of the root's ports"},
    {"W08", "a backend without ready endpoints"},
    {"W09", "a TrafficSplit whose weights are all zero"},
    {"W10", "several TrafficSplits on one root, of which this one comes later or not at all"},
    {"W11", "a backend that is the root of another TrafficSplit"},
    {"W12", "a conditional TrafficSplit on a port that does not carry HTTP"},
    {"W13", "backends of one TrafficSplit that allow different sources"},
    {"W14", "a route port that is a service port, but no pod listens on it"},
    {"W15", "a field that has no meaning here and is ignored"},
    {"W16", "a deprecated version of an SMI kind"},
    {"W17", "a path pattern that can never match, or that matches more than it seems to"},
    {"W18", "a SPIFFE ID that this mesh cannot verify"},
    {"W19", "weights that do not add up to 100: never reported, since they are valid"},
    {"W20", "match names on a TCPRoute or UDPRoute rule that are not that route's"},
    {"W50", "an object that was defined before, under the same kind, namespace and name"},
    {"W51", "a kind that its API group does not have"},
    {"W52", "an EndpointSlice that belongs to no Service"},
    {"W53", "a label or annotation of ours whose value means nothing"},
    {"W54", "an address that belongs to pods of different service accounts"},
    {"W55", "a Service with more kinds of pods behind a port than one unit can tell apart"},
    {"W57", "a mesh beyond a limit on how its parts may multiply"},
    {"W58", "an annotation under a prefix of ours that means nothing where it stands"},
    {"W59", "two spellings of one annotation that say different things"},
    {"W60", "an annotation about requests on a Service that carries none"},
    {"W61", "an annotation that asks for what the proxy cannot do yet"},
    {"N50", "a file has more diagnostics than are shown"},
};

}  // namespace

std::span<const Code> all_codes() { return kCodes; }

std::string_view meaning_of(std::string_view code) {
  for (const Code& known : kCodes) {
    if (known.code == code) return known.meaning;
  }
  return {};
}

}  // namespace smic
