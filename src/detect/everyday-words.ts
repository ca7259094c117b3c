/**
 * Words that stand everywhere in programs and their texts. An anchor of such a word and others is looked for with its neighbour,
 * spelled out, since a hit for the word alone would be looked at thousands of times a megabyte for nothing.
 */

/** Lower-case words; those of three letters and less count as everyday anyway. */
export const everydayWords: ReadonlySet<string> = new Set(
  `abstract access account action admin agent alias amount apache application array auth backend begin bind bing block
body bootstrap bright browser buffer build builder bundle button canva card center chain change channel channels
chart chec check child circle class client close code color column common connect connection constant content
conversion convert cookie copy core count counter cover create currents cursor custom data database datasource date
debug deep default defined deno dependency device digital direct docs drive drop edge email embedded encoding
encrypted encryption engine entra error event exchange export express fast field file fire first flag flat flight
float flow focus force form forward frame free fresh full gain game gate github global gold goto graph grid group
hand hash head health help here high hive hmac home hook host http https human identity image import index info
initial inside internal item jira join keep kind label language last launch layer ldap lead left level license light
line linear list live load local lock logic login look loop mage magic mail mailbox main make manifest maps mark
marker master match media memo menu merge message meta microsoft mini mode model mono month more move music name
near nest news next node nonce note notify null number oauth object octo open operator order over pack packet page
pager pair panel parse part pass path payload people phone phrase pick plain plan play plus point pool port post
power press price primary prime print private process product profile program project protocol protocols proxy
public pull push quality query quest queue quick quiz range rate read readonly real record redis refresh region
registration registry remote reply repo repository request reset response result return right ring road root route
rule runner safe sale save scale score screen scribe script search security segment select semaphore send sense
sentinel serial server servers service session share shared shell shift ship short shortcut show side sign signal
signing simple simply site size skey slide small smart smtp snap social soft sort sound source space spaces spark
speed split sport spot square stack stage star start stat state status step stop storage store strap stream street
strong style super surf switch sync system table talk target task team test text thing things thread time timezone
title together tool tools touch track tracking trade trail train transfer tree trigger true trust turn twin type
unit update upload user value vector verification verify version video view vision voice wait walk wall watch wave
weights wide window wire wise with word work workflow world wrap write writer year zero zone zoom`.split(/\s+/),
);
