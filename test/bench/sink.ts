/**
 * The server that everything is measured against: nginx as an S3 that stores nothing and answers at once. It reads the
 * whole body of a PUT, then answers 200 with the ETag and the checksum that Amazon's S3 would answer with. HEAD says 404,
 * and every list is empty. Its log has the time at which each body was there, in ms.
 *
 * The ETag is fixed: all files that are put must have the same content, or the clients would call it damaged.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, openSync, readSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { until } from '../until';

/** A bucket without objects, as ListObjects and ListObjectsV2 answer. */
const EMPTY_LIST =
  '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
  '<Name>bench</Name><Prefix></Prefix><MaxKeys>1000</MaxKeys><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated>' +
  '</ListBucketResult>';

/** A PUT that the sink has read to its last byte, at `at` ms since 1970. */
export interface Arrival {
  readonly at: number;
  readonly name: string;
}

export class Sink {
  readonly endpoint: string;
  readonly tlsEndpoint: string;
  /** Of the authority that signed the TLS certificate, which is the certificate itself. */
  readonly certificate: string;
  readonly #process: ChildProcess;
  readonly #log: number;
  #read = 0;
  #rest = '';

  private constructor(directory: string, port: number, tlsPort: number, process: ChildProcess) {
    this.endpoint = `http://127.0.0.1:${port}`;
    this.tlsEndpoint = `https://127.0.0.1:${tlsPort}`;
    this.certificate = join(directory, 'certificate.pem');
    this.#process = process;
    this.#log = openSync(join(directory, 'access.log'), 'r');
  }

  /** `content`: of every file that will be put. `directory` is made, and belongs to the sink. */
  static async start(directory: string, content: Buffer): Promise<Sink> {
    mkdirSync(directory, { recursive: true });
    const [port, tlsPort] = [await freePort(), await freePort()];
    const subject = ['-subj', '/CN=bench', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const files = ['-keyout', join(directory, 'key.pem'), '-out', join(directory, 'certificate.pem')];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...key, ...subject, ...files], { stdio: 'ignore' });
    const config = join(directory, 'nginx.conf');
    const md5 = createHash('md5').update(content).digest('hex');
    writeFileSync(config, configOf(directory, { port, tlsPort, md5, longest: content.length }));
    writeFileSync(join(directory, 'access.log'), '');
    const process = spawn('nginx', ['-e', join(directory, 'error.log'), '-c', config], { stdio: 'inherit' });
    const sink = new Sink(directory, port, tlsPort, process);
    const answers = () =>
      fetch(sink.endpoint).then(
        ({ ok }) => ok,
        () => false,
      );
    await until(answers, 'nginx answers');
    return sink;
  }

  /** What has arrived since the last call. */
  arrivals(): Arrival[] {
    const chunk = Buffer.alloc(1 << 20);
    let length = 0;
    do {
      length = readSync(this.#log, chunk, 0, chunk.length, this.#read);
      this.#read += length;
      this.#rest += chunk.toString('latin1', 0, length);
    } while (length > 0);
    const lines = this.#rest.split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => {
      const [seconds, method, path = ''] = line.split(' ');
      const name = decodeURIComponent(path.slice(path.lastIndexOf('/') + 1).replace(/\?.*/, ''));
      return method === 'PUT' ? [{ at: Math.round(Number(seconds) * 1000), name }] : [];
    });
  }

  stop(): void {
    this.#process.kill('SIGQUIT');
  }
}

interface Listening {
  readonly port: number;
  readonly tlsPort: number;
  readonly md5: string;
  readonly longest: number;
}

/**
 * `return` would answer before the body is there. `mirror` has it read first, and the named location, which is reached
 * because nginx knows no PUT of a file, comes after that.
 */
function configOf(directory: string, { port, tlsPort, md5, longest }: Listening): string {
  return `daemon off; worker_processes 2; pid ${join(directory, 'nginx.pid')};
user root;
events { worker_connections 1024; }
http {
  log_format arrivals '$msec $request_method $request_uri';
  access_log ${join(directory, 'access.log')} arrivals;
  client_body_temp_path ${join(directory, 'body')}; proxy_temp_path ${join(directory, 'proxy')};
  fastcgi_temp_path ${join(directory, 'fastcgi')}; uwsgi_temp_path ${join(directory, 'uwsgi')};
  scgi_temp_path ${join(directory, 'scgi')};
  client_body_buffer_size ${longest + 4096}; client_max_body_size 1g;
  keepalive_requests 1000000; keepalive_timeout 75s; large_client_header_buffers 8 16k;
  default_type application/xml;
  server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${tlsPort} ssl;
    ssl_certificate ${join(directory, 'certificate.pem')}; ssl_certificate_key ${join(directory, 'key.pem')};
    add_header x-amz-request-id $request_id always;
    location / {
      if ($request_method = GET) { return 200 '${EMPTY_LIST}'; }
      if ($request_method = HEAD) { return 404; }
      mirror /nothing; mirror_request_body on;
      error_page 405 =200 @stored;
    }
    location @stored {
      add_header ETag '"${md5}"';
      add_header x-amz-checksum-sha256 $http_x_amz_checksum_sha256;
      add_header x-amz-request-id $request_id;
      return 200;
    }
    location = /nothing { internal; access_log off; return 204; }
  }
}
`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('No port is free.');
  return address.port;
}
