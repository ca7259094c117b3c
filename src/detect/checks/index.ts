/** The checks a rule can name, one file each. Rule files are data: whatever needs code is a check here. */

import { awsAccount, awsAccountBeside, noAwsAccount } from './aws-account.ts';
import { binary, isBase64Text } from './base64.ts';
import { base64Json } from './base64-json.ts';
import { base64Userinfo } from './base64-userinfo.ts';
import type { Check } from './check.ts';
import { hasCrc32Base62, lacksCrc32Base62 } from './crc32-base62.ts';
import { isDerPrivateKey } from './der-key.ts';
import { digit } from './digit.ts';
import { isFreshchatJwt, isFreshchatOrAnonymousJwt } from './freshchat.ts';
import { gitlabRoutable, notGitlabRoutable } from './gitlab-routable.ts';
import { jwt, unsignedJwt } from './jwt.ts';
import { isKdbx, isOpenKdbx } from './kdbx.ts';
import {
  isBase64Keystore,
  isBksKeystore,
  isJceksKey,
  isJksKey,
  isOpenBase64Keystore,
  isOpenJksKey,
  isOpenPkcs12Key,
  isPkcs12Key,
} from './keystore.ts';
import { letter } from './letter.ts';
import { macaroon, notMacaroon } from './macaroon.ts';
import { mixed } from './mixed.ts';
import { notCode } from './not-code.ts';
import { notHex } from './not-hex.ts';
import { notUuid } from './not-uuid.ts';
import { notWord } from './not-word.ts';
import {
  isBasicCredential,
  isNotSamplePassword,
  isSamplePassword,
  isStrongPassword,
  isWeakPassword,
} from './password.ts';
import { encryptedPemPrivateKey, isBase64PemPrivateKey, isPgpPrivateKey, pemPrivateKey } from './private-key.ts';
import { hasBase64JsonPart, hasDiscordBotId, hasGrafanaChecksum, isBase64Pair } from './token-structure.ts';
import { isBase64Password, isRcloneObscured } from './tool-password.ts';
import { uuid } from './uuid.ts';

/** Every check by the name rules call it. */
export const checks: Readonly<Record<string, Check>> = {
  'aws-account': awsAccount,
  'aws-account-beside': awsAccountBeside,
  'base64-json': base64Json,
  'base64-userinfo': base64Userinfo,
  'base64-keystore': isBase64Keystore,
  binary,
  'bks-keystore': isBksKeystore,
  'der-private-key': isDerPrivateKey,
  digit,
  'gitlab-routable': gitlabRoutable,
  'jceks-key': isJceksKey,
  'jks-key': isJksKey,
  jwt,
  kdbx: isKdbx,
  letter,
  macaroon,
  mixed,
  'no-aws-account': noAwsAccount,
  'not-gitlab-routable': notGitlabRoutable,
  'not-macaroon': notMacaroon,
  'not-code': notCode,
  'not-hex': notHex,
  'not-uuid': notUuid,
  'not-word': notWord,
  'crc32-base62': hasCrc32Base62,
  'encrypted-pem-private-key': encryptedPemPrivateKey,
  'open-base64-keystore': isOpenBase64Keystore,
  'open-jks-key': isOpenJksKey,
  'open-kdbx': isOpenKdbx,
  'open-pkcs12-key': isOpenPkcs12Key,
  'pkcs12-key': isPkcs12Key,
  'pem-private-key': pemPrivateKey,
  'base64-pem-private-key': isBase64PemPrivateKey,
  'base64-text': isBase64Text,
  'basic-credential': isBasicCredential,
  'no-crc32-base62': lacksCrc32Base62,
  'not-sample-password': isNotSamplePassword,
  'pgp-private-key': isPgpPrivateKey,
  'sample-password': isSamplePassword,
  'strong-password': isStrongPassword,
  'weak-password': isWeakPassword,
  'base64-json-part': hasBase64JsonPart,
  'base64-password': isBase64Password,
  'rclone-obscured': isRcloneObscured,
  'base64-pair': isBase64Pair,
  'discord-bot-id': hasDiscordBotId,
  'freshchat-context-jwt': isFreshchatOrAnonymousJwt,
  'freshchat-jwt': isFreshchatJwt,
  'grafana-checksum': hasGrafanaChecksum,
  'unsigned-jwt': unsignedJwt,
  uuid,
};
