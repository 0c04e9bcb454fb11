// SPDX-License-Identifier: Apache-2.0
// The text form of the rule IR (.smir): syntax only. README.md beside it says what it means,
// compiler/ir/print.cpp writes it, compiler/text reads it.
//
// Flat on purpose: no rule calls itself, so no input can make the parser's stack deep, and one
// token of lookahead decides everywhere. The lexer takes any byte (BAD is last), so all mistakes
// are the parser's to report.
grammar RuleIR;

// A file is statements, and the reader takes them one by one, so that it holds one small tree at a
// time. A statement belongs to the last unit before it.
statement : unitHead | policyRule | sourceSet | matchRule | routeRule | allowRule ;

unitHead  : 'unit' ref ':' NUMBER protocol access ;
policyRule: 'policy' setting origin? ;
sourceSet : 'source' ID '=' '{' (ref (',' ref)*)? '}' ;
matchRule : 'match' ID '=' (ANY | test ('and' test)*) origin? ;
routeRule : 'route' ID condition? '->' outcome origin? ;
allowRule : 'allow' 'to' destination 'from' sources condition? origin? ;

protocol : 'http' | 'tcp' | 'udp' ;
access   : 'enforce' | 'permissive' ;

// Their words have hyphens, so that none of them is lost as a name.
setting  : 'upstream-scheme' scheme                          # upstreamScheme
         | 'request-timeout' DURATION                        # requestTimeout
         | 'idle-timeout' DURATION                           # idleTimeout
         | 'retry-attempts' NUMBER                           # retryAttempts
         | 'rate-limit' NUMBER 'with-burst' NUMBER rateScope # rateLimit
         | 'circuit-breaker' STRING                          # circuitBreaker
         | 'split-shares' ID                                 # splitShares
         ;
scheme    : 'http' | ID ;
rateScope : 'per-source' | 'per-service' ;

test : 'method' 'in' '{' (ID (',' ID)*)? '}'  # methodTest
     | 'path' '~' STRING                      # pathTest
     | 'header' STRING '~' STRING             # headerTest
     ;

condition : 'when' (NEVER | '{' '}' | ID ('or' ID)*) ;

outcome  : ref ':' NUMBER            # forwardOne
         | 'split' backends          # forwardSplit
         | 'unavailable' backends?   # unavailable
         ;
backends : '{' (backend (',' backend)*)? '}' ;
backend  : ref ':' NUMBER '=' NUMBER ;

destination : ANY | ref (':' NUMBER)? ;
sources     : ANY | ID ;
origin      : '@' STRING STRING ':' NUMBER ;
ref         : REF | STRING '/' STRING ;

ANY    : 'any' ;
NEVER  : 'never' ;
NUMBER : [0-9]+ ;
DURATION : [0-9]+ ('.' [0-9]+)? ('ms' | 's' | 'm' | 'h') ;
ID     : [A-Za-z_] [A-Za-z0-9_]* ;
REF    : WORD '/' WORD ;
STRING : '"' (~["\\\r\n] | '\\' ~[\r\n])* '"' ;

SPACE   : [ \t\r\n]+ -> skip ;
COMMENT : '#' ~[\r\n]* -> skip ;
BAD     : UNCLOSED | . ;

fragment WORD     : [A-Za-z0-9._] [A-Za-z0-9._-]* ;
fragment UNCLOSED : '"' (~["\\\r\n] | '\\' ~[\r\n])* ;
